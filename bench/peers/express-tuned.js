// An express server as somebody writes it who has measured it: the token before the
// body, its key made once, nothing in the answer that nobody reads, and a process for
// each core.

import express from "express";
import { isGood } from "./token.js";
import { onEveryCore } from "./cluster.js";
import { transform } from "./transform.js";

const app = express();
app.disable("etag");
app.disable("x-powered-by");

function verified(request, response, next) {
  if (isGood(request.headers.authorization)) {
    next();
  } else {
    response.status(401).end();
  }
}

app.post("/", verified, express.json({ limit: "4mb" }), (request, response) => {
  response.json(transform(request.body));
});

onEveryCore("express-tuned", () => app.listen(0, "127.0.0.1"));
