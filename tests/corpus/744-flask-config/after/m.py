from flask import Blueprint, Flask, jsonify, request

app = Flask(__name__)
bp = Blueprint("shop", __name__, url_prefix="/shop")


@app.get("/items")
def items():
    return jsonify(["old"])


@bp.get("/list")
def listing():
    return jsonify("list")


@app.errorhandler(404)
def missing(error):
    return jsonify("missing"), 404


@app.before_request
def count():
    app.config["N"] = app.config.get("N", 0) + 1


app.config["PAGE"] = 5
app.register_blueprint(bp)
