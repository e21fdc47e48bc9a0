from flask import Blueprint, jsonify

bp = Blueprint("shop", __name__, url_prefix="/shop")


@bp.get("/new")
def new():
    return jsonify("new")


@bp.get("/list")
def listing():
    return jsonify("list")
