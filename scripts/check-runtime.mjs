// Says in one sentence what this machine lacks, before anything that would fail without a word.
// better-sqlite3 13 segfaults on Node 20 without a message; Node 22.18 is the first that runs .ts files as they are.
// On Linux the optional dependency node-linux-<arch> puts Node 24 first on PATH of every script, so only the
// install itself may meet an older one.
const installing = process.argv.includes('--install');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const least = installing ? [20, 19] : [22, 18];

if (major < least[0] || (major === least[0] && minor < least[1])) {
  console.error(
    `quicprochat needs Node ${least.join('.')} or newer for this. This is Node ${process.versions.node}. Install Node 24 and run the command again.`,
  );
  process.exit(1);
}
