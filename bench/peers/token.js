// The token with its key made once. Given a text, the library derives the key anew
// at every call, which costs more than all the rest of a request.

import { createSecretKey } from "node:crypto";
import jwt from "jsonwebtoken";

const key = createSecretKey(Buffer.from("purple unicorn"));
const options = { algorithms: ["HS256"] };

export function isGood(token) {
  try {
    jwt.verify(token, key, options);
    return true;
  } catch {
    return false;
  }
}
