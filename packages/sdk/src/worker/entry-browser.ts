import { opfsRings } from '../storage/opfs-rings.ts';
import { WorkerHost } from './host.ts';
import type { Request } from './protocol.ts';

/** The worker's thread in a browser. */
const host = new WorkerHost({ rings: opfsRings });
addEventListener('message', (event: MessageEvent<Request>) => {
  void host.answer(event.data).then((response) => {
    postMessage(response);
  });
});
