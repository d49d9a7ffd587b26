import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';

export interface S3Credentials {
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
}

export interface S3Request {
  method: 'GET' | 'PUT' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
}

/** How long the service may take to answer, and then for an answer that is taken at once to come. */
export const PATIENCE_MS = 30_000;

/** Times that something is asked, where connections break or the service is not well. All that we ask can be asked twice. */
const ATTEMPTS = 3;

/**
 * Asks a service that speaks S3, with a signature of version 4, and gives its answer, whatever it is.
 *
 * Not by Node's fetch: where the service closes a connection whose answer is not read just then, as it is where a blob's
 * reader is slow, fetch ends the whole process (nodejs/undici#5360; Node 24.21 still does).
 */
export async function askS3(credentials: S3Credentials, asked: S3Request): Promise<IncomingMessage> {
  for (let attempt = 1; ; attempt += 1) {
    const isLast = attempt === ATTEMPTS;
    try {
      const answer = await askOnce(credentials, asked);
      const { statusCode = 0 } = answer;
      if (isLast || (statusCode < 500 && statusCode !== 429)) return answer;
      answer.destroy();
    } catch (error) {
      if (isLast) throw error;
    }
    await sleep(Math.random() * 100 * 2 ** attempt);
  }
}

async function askOnce(
  credentials: S3Credentials,
  { method, url, headers = {}, body }: S3Request,
): Promise<IncomingMessage> {
  const signed = await new AwsV4Signer({ ...credentials, service: 's3', method, url, headers }).sign();
  const send = signed.url.protocol === 'https:' ? httpsRequest : httpRequest;
  const length = body === undefined ? {} : { 'content-length': body.length };
  const sent = send(signed.url, { method, headers: { ...Object.fromEntries(signed.headers), ...length } });
  // Over as soon as there is an answer: a body may be read as slowly as its reader takes it.
  const impatient = setTimeout(
    () => sent.destroy(new Error('the service did not answer in time')),
    PATIENCE_MS,
  );
  try {
    sent.end(body);
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    return answer;
  } finally {
    clearTimeout(impatient);
  }
}
