'use client';

import { useState, type FormEvent } from 'react';
import { Client, indexedDbStorage, toSentence, type Conversation } from '@quicprochat/sdk';

/** Register, then write to somebody. The page is rendered at build time; the client is created in the browser. */
export default function Page() {
  const [client, setClient] = useState<Client>();
  const [status, setStatus] = useState('');
  const [lines, setLines] = useState<string[]>([]);

  async function register({ handle = '' }: Record<string, string>) {
    // The page's own query names the relay, so that one build works with any.
    const relay = new URLSearchParams(location.search).get('relay') ?? 'http://localhost:4000';
    const opened = await Client.create({ relay, handle, storage: indexedDbStorage('me') });
    setClient(opened);
    setStatus(`You are ${opened.handle}.`);
    const followed = new Set<string>();
    opened.subscribe(() => {
      for (const conversation of opened.conversations.list()) {
        if (followed.has(conversation.id)) continue;
        followed.add(conversation.id);
        void follow(conversation);
      }
    });
  }

  async function follow(conversation: Conversation) {
    for await (const { from, content } of conversation.messages({ after: 0 })) {
      if (content.type === 'text') setLines((shown) => [...shown, `${from}: ${content.text}`]);
    }
  }

  async function write({ to = '', text = '' }: Record<string, string>) {
    if (client === undefined) throw new Error('Register first.');
    const conversation = await client.conversations.create({ members: [to] });
    await conversation.send(text);
  }

  const submit =
    (act: (form: Record<string, string>) => Promise<void>) => (event: FormEvent<HTMLFormElement>) => {
      event.preventDefault();
      const entries = [...new FormData(event.currentTarget)];
      const values = Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
      act(values).catch((error: unknown) => setStatus(toSentence(error)));
    };

  return (
    <main>
      <form onSubmit={submit(register)}>
        <label>
          Your handle <input name="handle" required />
        </label>
        <button>Register</button>
      </form>
      <form onSubmit={submit(write)}>
        <label>
          To <input name="to" required />
        </label>
        <label>
          Message <input name="text" required />
        </label>
        <button>Send</button>
      </form>
      <p role="status">{status}</p>
      <ul>
        {lines.map((line, index) => (
          <li key={index}>{line}</li>
        ))}
      </ul>
    </main>
  );
}
