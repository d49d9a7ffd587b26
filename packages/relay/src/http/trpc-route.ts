/** What is known of a request under /trpc before tRPC has it. */
export interface TrpcRoute {
  Params: { path: string };
  Querystring: { batch?: unknown; input?: unknown };
}
