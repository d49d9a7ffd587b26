#!/usr/bin/env node
/** The command `qpc-relay`: alone it serves, with `admin` it does what an operator asks of the store, with `health` it tells. */
const [command, ...words] = process.argv.slice(2);

if (command === undefined) {
  await import('./main.ts');
} else if (command === 'admin') {
  const { admin } = await import('./admin-command.ts');
  process.exitCode = await admin(words, process.env);
} else if (command === 'health' && words.length === 0) {
  const { health } = await import('./health-command.ts');
  process.exitCode = await health(process.env);
} else {
  console.error(
    'Usage: qpc-relay, to serve; qpc-relay health; or qpc-relay admin COMMAND. See qpc-relay admin --help.',
  );
  process.exitCode = 2;
}
