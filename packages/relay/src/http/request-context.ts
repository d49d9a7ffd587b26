import type { FastifyRequest } from 'fastify';
import { contextFor, type Context, type Services } from '../context.ts';

export function contextOf(services: Services, { headers, ip }: FastifyRequest): Context {
  return contextFor(services, {
    host: headers.host ?? '',
    address: ip,
    authorization: headers.authorization,
  });
}
