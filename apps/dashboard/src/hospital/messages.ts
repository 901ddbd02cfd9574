/** What the page tells the worker. */
export type ToWorker =
  | { readonly type: 'read'; readonly invitation: string }
  | { readonly type: 'join'; readonly name: string }
  | { readonly type: 'roster'; readonly approved: boolean };

export interface RoundLine {
  readonly round: number;
  readonly outcome: 'applied' | 'skipped';
  readonly own: 'accepted' | 'not in it';
  readonly accuracy: number | null;
  readonly loss: number | null;
}

/** What the worker tells the page. Keys, data and updates never leave the worker. */
export type FromWorker =
  | {
      readonly type: 'study';
      readonly id: string;
      readonly hospital: number;
      readonly summary: string;
      readonly rounds: number;
      readonly samples: { readonly train: number; readonly heldOut: number };
    }
  | {
      readonly type: 'roster';
      readonly roster: string;
      readonly members: readonly { readonly client: number; readonly name: string; readonly fingerprint: string }[];
    }
  | { readonly type: 'tell'; readonly message: string }
  | { readonly type: 'rounds'; readonly rounds: readonly RoundLine[] }
  | { readonly type: 'finished'; readonly model: string; readonly head: string }
  | { readonly type: 'failed'; readonly message: string };
