from flask import Flask, jsonify
from shop import bp

app = Flask(__name__)


@app.get("/items")
def items():
    return jsonify(1)


app.register_blueprint(bp)
