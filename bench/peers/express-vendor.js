// An express server that verifies the token exactly as the vendor's page writes it:
// with the secret as a text, in one process. Only the header's name is another: the
// page's prose says Authorization, its code authentication.

import express from "express";
import jwt from "jsonwebtoken";
import { transform } from "./transform.js";

const app = express();
app.use(express.json({ limit: "4mb" }));

app.post("/", (request, response) => {
  const token = request.headers.authorization;
  try {
    jwt.verify(token, "purple unicorn");
  } catch {
    response.status(401).end();
    return;
  }
  response.json(transform(request.body));
});

const server = app.listen(0, "127.0.0.1", () => {
  console.log(`express-vendor is listening on http://127.0.0.1:${server.address().port}`);
});
