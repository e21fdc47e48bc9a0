from flask import Blueprint, Flask, jsonify, request

app = Flask(__name__)
bp = Blueprint("shop", __name__, url_prefix="/shop")


@app.get("/items")
def items():
    return jsonify(["old"])


@app.get("/new")
def new():
    return jsonify("new")


@bp.get("/list")
def listing():
    return jsonify("list")


@app.errorhandler(404)
def missing(error):
    return jsonify("missing"), 404


@app.before_request
def count():
    app.config["N"] = app.config.get("N", 0) + 1


app.register_blueprint(bp)
