// One process for each core, all behind one port. The first process only hands out
// connections; it says where they go when all the others are ready.

import cluster from "node:cluster";
import { availableParallelism } from "node:os";

export function onEveryCore(name, listen) {
  if (cluster.isWorker) {
    listen();
    return;
  }
  const cores = availableParallelism();
  let ready = 0;
  cluster.on("listening", (_, address) => {
    ready += 1;
    if (ready === cores) {
      console.log(`${name} is listening on http://127.0.0.1:${address.port}`);
    }
  });
  for (let core = 0; core < cores; core += 1) {
    cluster.fork();
  }
}
