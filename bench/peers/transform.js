// What the plugin southern-charm does, for all the peers that run in Node.

const MARK = /[.!?…‼⁇⁈⁉‽。｡．！？؟۔।॥։።፧။។]$/u;

// Puts the suffix in the place of the last mark of every text in a webhook's body.
export function transform(body) {
  for (const item of body.payload.output.generic) {
    if (item.response_type !== "text") continue;
    const text = item.text.trimEnd();
    if (text === "") continue;
    const kept = MARK.test(text) ? text.replace(MARK, "").trimEnd() : text;
    item.text = `${kept}, y'all.`;
  }
  return body;
}
