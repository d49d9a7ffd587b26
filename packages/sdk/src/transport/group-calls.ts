import {
  commitProofBody,
  fromBase64Url,
  postProofBody,
  type Accepted,
  type Base64Url,
  type Candidate,
  type GroupPage,
  type Posted,
  type WelcomeParts,
} from '@quicprochat/protocol';
import { acceptedAnswer, candidateAnswer, groupPageAnswer, postedAnswer, requireForm } from './answers.ts';
import type { Place } from './events.ts';
import type { Proofs } from './proofs.ts';
import type { RelayApi } from './relay-client.ts';

/** A commit, its Welcome and the key of the epoch it begins, as they go out together. */
export interface CommitSubmission {
  groupId: string;
  epoch: number;
  id: string;
  candidate: number;
  commit: Base64Url;
  nextAccessKey: Base64Url;
  welcome: { shared: Base64Url; joiners: { deviceId: string; secrets: Base64Url }[] } | null;
}

/** Messages for one epoch, in the order in which they are to stand in the log. */
export interface PostSubmission {
  groupId: string;
  epoch: number;
  entries: { id: string; message: Base64Url }[];
}

/**
 * The calls for a group. They carry a proof by the group's key and never the device's session, so that the relay cannot
 * tell which member calls.
 */
export class GroupCalls {
  readonly #api: RelayApi;
  readonly #proofs: Proofs;

  /** @param api makes calls without a session */
  constructor(api: RelayApi, proofs: Proofs) {
    this.#api = api;
    this.#proofs = proofs;
  }

  create(groupId: string, accessKey: Base64Url) {
    const claim = { procedure: 'groups.create', groupId, epoch: 0 } as const;
    return this.#proofs.proven(claim, [fromBase64Url(accessKey)], (proof) =>
      this.#api.groups.create.mutate({ groupId, accessKey, proof }),
    );
  }

  async commit(submission: CommitSubmission): Promise<Accepted> {
    const { groupId, epoch, id, candidate, commit, nextAccessKey, welcome } = submission;
    const body = commitProofBody({
      id,
      candidate,
      commit: fromBase64Url(commit),
      nextAccessKey: fromBase64Url(nextAccessKey),
      welcome: welcome && partsOf(welcome),
    });
    const claim = { procedure: 'groups.commit', groupId, epoch } as const;
    const answer = await this.#proofs.proven(claim, body, (proof) =>
      this.#api.groups.commit.mutate({ ...submission, proof }),
    );
    return requireForm(acceptedAnswer, answer);
  }

  /** Posts messages that were sealed for one epoch: the relay stores all of them, in their order, or none. */
  async post(input: PostSubmission): Promise<Posted> {
    const { groupId, epoch, entries } = input;
    const body = postProofBody(entries.map(({ id, message }) => ({ id, message: fromBase64Url(message) })));
    const claim = { procedure: 'groups.post', groupId, epoch } as const;
    const answer = await this.#proofs.proven(claim, body, (proof) =>
      this.#api.groups.post.mutate({ ...input, proof }),
    );
    return requireForm(postedAnswer(entries.length), answer);
  }

  async read(input: Place & { limit: number }): Promise<GroupPage> {
    const { groupId, epoch, cursor, limit } = input;
    const claim = { procedure: 'groups.read', groupId, epoch } as const;
    const answer = await this.#proofs.proven(claim, [cursor, limit], (proof) =>
      this.#api.groups.read.mutate({ ...input, proof }),
    );
    return requireForm(groupPageAnswer, answer);
  }

  async readCandidate(input: { groupId: string; epoch: number; candidate: number }): Promise<Candidate> {
    const { groupId, epoch, candidate } = input;
    const claim = { procedure: 'groups.candidate', groupId, epoch } as const;
    const answer = await this.#proofs.proven(claim, [candidate], (proof) =>
      this.#api.groups.candidate.mutate({ ...input, proof }),
    );
    return requireForm(candidateAnswer, answer);
  }
}

function partsOf({ shared, joiners }: NonNullable<CommitSubmission['welcome']>): WelcomeParts {
  return {
    shared: fromBase64Url(shared),
    joiners: joiners.map(({ deviceId, secrets }) => ({ deviceId, secrets: fromBase64Url(secrets) })),
  };
}
