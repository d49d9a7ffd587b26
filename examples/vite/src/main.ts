import { Client, indexedDbStorage, toSentence, type Conversation } from '@quicprochat/sdk';

// The page's own query names the relay, so that one build works with any.
const relay = new URLSearchParams(location.search).get('relay') ?? 'http://localhost:4000';
const status = document.querySelector<HTMLElement>('[role=status]')!;
let client: Client | undefined;

onSubmit('#account', async (form) => {
  const opened = await Client.create({ relay, handle: form.handle, storage: indexedDbStorage('me') });
  client = opened;
  status.textContent = `You are ${opened.handle}.`;
  const followed = new Set<string>();
  opened.subscribe(() => {
    for (const conversation of opened.conversations.list()) {
      if (followed.has(conversation.id)) continue;
      followed.add(conversation.id);
      void follow(conversation);
    }
  });
});

onSubmit('#message', async (form) => {
  if (client === undefined) throw new Error('Register first.');
  const conversation = await client.conversations.create({ members: [form.to] });
  await conversation.send(form.text);
});

async function follow(conversation: Conversation): Promise<void> {
  for await (const { from, content } of conversation.messages({ after: 0 })) {
    if (content.type === 'text') show(`${from}: ${content.text}`);
  }
}

function onSubmit(selector: string, act: (form: Record<string, string>) => Promise<void>): void {
  const form = document.querySelector<HTMLFormElement>(selector)!;
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    act(values).catch((error: unknown) => (status.textContent = toSentence(error)));
  });
}

function show(line: string): void {
  document.querySelector('ul')!.append(Object.assign(document.createElement('li'), { textContent: line }));
}
