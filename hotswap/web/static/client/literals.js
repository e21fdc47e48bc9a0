// Constant objects and arrays of a script whose source changed: what the script did to them since is kept.

const isHolder = (value) => Array.isArray(value) || Object.getPrototypeOf(Object(value)) === Object.prototype;

function isSame(one, other) {
  if (!isHolder(one) || !isHolder(other)) return Object.is(one, other) || (one instanceof RegExp && `${one}` === `${other}`);
  const keys = Object.keys(one);
  return (
    Array.isArray(one) === Array.isArray(other) &&
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(one[key], other[key]))
  );
}

// Three-way: what the source changed follows, what the script changed stays. Gives the value to use.
export function mergeLiterals(live, before, now) {
  const alike = isHolder(live) && isHolder(now) && Array.isArray(live) === Array.isArray(now);
  if (!alike || Object.isFrozen(live)) return isSame(live, before) ? now : live;
  const untouched = isSame(live, before);
  if (Array.isArray(live)) {
    if (untouched) live.splice(0, live.length, ...now);
    return live;
  }
  const merged = {};
  for (const key of Object.keys(now)) {
    const [has, had] = [Object.hasOwn(live, key), Object.hasOwn(before, key)];
    if (has && had) merged[key] = mergeLiterals(live[key], before[key], now[key]);
    else if (has) merged[key] = live[key];
    else if (!had || !isSame(before[key], now[key])) merged[key] = now[key];
  }
  for (const key of Object.keys(live)) {
    const dropped = Object.hasOwn(before, key) && isSame(live[key], before[key]);
    if (!Object.hasOwn(merged, key) && !dropped) merged[key] = live[key];
  }
  // Anew in the source's order, as a fresh load would have it.
  for (const key of Object.keys(live)) delete live[key];
  return Object.assign(live, merged);
}
