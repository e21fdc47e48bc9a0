"""WebSockets by way of wsproto: as `hotswap.wire.websockets`, with the inflater where wsproto keeps it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from hotswap.wire.websockets import Tracked, Window

if TYPE_CHECKING:
    from hotswap.wire.registry import Registry


def tracked(registry: Registry) -> type:
    """Give uvicorn's wsproto protocol, tracked."""
    from uvicorn.protocols.websockets import wsproto_impl
    from wsproto.extensions import PerMessageDeflate

    class Deflate(PerMessageDeflate):
        """permessage-deflate that shows its plaintext to a window."""

        latest: Any = None
        window: Window | None = None

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            Deflate.latest = self  # read at the write of the 101, which follows without a pause

        def frame_inbound_payload_data(self, proto: Any, data: bytes) -> Any:
            plain = super().frame_inbound_payload_data(proto, data)
            if self.window is not None and self._inbound_compressed and isinstance(plain, bytes):
                self.window.take(plain, final=False)
            return plain

        def frame_inbound_complete(self, proto: Any, fin: bool) -> Any:
            compressed = self._inbound_compressed
            rest = super().frame_inbound_complete(proto, fin)
            if self.window is not None and compressed and fin and self._inbound_compressed is None:
                self.window.take(rest if isinstance(rest, bytes) else b"", final=True)
            return rest

    class TrackedWSProto(Tracked, wsproto_impl.WSProtocol):
        def follow_window(self, carried: bytes) -> None:
            extension, Deflate.latest = Deflate.latest, None
            if extension is None or not extension.enabled() or extension.client_no_context_takeover:
                return
            if carried:
                bits = extension.client_max_window_bits
                extension._decompressor = zlib.decompressobj(-bits, zdict=carried)
            self.window = extension.window = Window(extension.client_max_window_bits, carried)

    wsproto_impl.PerMessageDeflate = Deflate  # type: ignore[attr-defined]
    TrackedWSProto.registry = registry
    return TrackedWSProto
