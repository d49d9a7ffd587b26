import { answer } from './answer.ts';

/** The worker's thread in a browser. */
addEventListener('message', (event: MessageEvent<Parameters<typeof answer>[0]>) => {
  void answer(event.data).then((response) => {
    postMessage(response);
  });
});
