import { parseEnv } from './env.ts';

/**
 * `qpc-relay health`: asks the relay of this environment whether it serves, for images that have no other program which
 * could. Ends with 0 where it does.
 */
export async function health(environment: Record<string, string | undefined>): Promise<number> {
  const env = parseEnv(environment);
  if ('problems' in env) {
    for (const problem of env.problems) console.error(problem);
    return 3;
  }
  const host = env.QPC_ADMIN_HOST.includes(':') ? `[${env.QPC_ADMIN_HOST}]` : env.QPC_ADMIN_HOST;
  const answer = await fetch(`http://${host}:${env.QPC_ADMIN_PORT}/readyz`).catch(() => undefined);
  console.log(answer === undefined ? 'no answer' : (await answer.text()).trim());
  return answer?.ok === true ? 0 : 1;
}
