import { Client } from '@quicprochat/sdk';
import { sqliteStorage } from '@quicprochat/sdk/node';

const relay = process.env.QPC_RELAY ?? 'http://localhost:4000';

// The first time this registers the handle; afterwards it opens the same account again.
const alice = await Client.create({ relay, handle: 'alice', storage: sqliteStorage('alice.db') });
const bob = await Client.create({ relay, handle: 'bob', storage: sqliteStorage('bob.db') });

const tea = await alice.conversations.create({ name: 'Tea at four', members: ['bob'] });
await tea.send('Shall we?');

await bob.sync();
const [invitation] = bob.conversations.list();
for await (const message of invitation.messages({ after: 0 })) {
  if (message.content.type !== 'text') continue;
  console.log(`${message.from}: ${message.content.text}`);
  break;
}

await Promise.all([alice.close(), bob.close()]);
