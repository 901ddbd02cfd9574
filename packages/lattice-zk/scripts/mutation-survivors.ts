/** Mutants that no test can tell from the verifier, each with the reason; `line` is part of the source line. */
export const EQUIVALENT: readonly { readonly file: string; readonly line: string; readonly reason: string }[] = [];
