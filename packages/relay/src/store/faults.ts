/** What the databases' own errors mean to us. */

/** The storage is full, locked, unreadable or gone: nothing is wrong with the call, and later it may succeed. */
export function isStorageFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = codeOf(error);
  return SQLITE.test(code) || POSTGRES.test(code) || SOCKET.test(code) || CLIENT.test(error.message);
}

/** Two transactions got into each other's way, and this one was undone: serialisation, deadlock, the same key twice. */
export function isContention(error: unknown): boolean {
  return error instanceof Error && ['40001', '40P01', '23505'].includes(codeOf(error));
}

const SQLITE = /^SQLITE_(FULL|BUSY|IOERR|READONLY|CANTOPEN|LOCKED)/;

/**
 * SQLSTATE classes (PostgreSQL, appendix A): no connection, undone, out of resources, not in that state, an operator's
 * hand (shutdown and time-outs among it), the system below; and a server that has become a read-only standby.
 */
const POSTGRES = /^((08|40|53|55|57|58)[0-9A-Z]{3}|25006)$/;

const SOCKET =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;

/** `pg` gives these no code. */
const CLIENT =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client (was closed|has encountered a connection error))/;

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}
