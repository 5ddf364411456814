/* What the server says of variables, and what it is asked. Values are JSON texts, versions are opaque. */

import { type Approval, breaking, type DraftTerms } from '../drafting';
import { getJson, postJson, Refused } from '../http';
import type { PanelState } from '../panels';
import { texts } from '../texts';

const T = texts({
  en: { unreachable: 'The server cannot be reached. Nothing was saved.' },
  de: { unreachable: 'Der Server ist nicht erreichbar. Es wurde nichts gespeichert.' },
});

export interface Reading {
  name: string;
  type: string;
  text: string;
  size: number;
  version: string;
  is_masked: boolean;
}

export interface NewValue {
  text: string;
  type?: string;
}

/** What shall become of the variables of one scope. `seen` are the versions that the editor has looked at. */
export interface Edit {
  set: Record<string, NewValue>;
  delete: string[];
  seen: Record<string, string | null>;
  reason: string;
  accept_types?: true;
  /** Kept as a draft instead of being saved. */
  draft?: DraftTerms;
  /** Why it is saved without the approval that it needs. */
  glass?: string;
}

export interface Change {
  name: string;
  kind: 'added' | 'changed' | 'deleted';
  before: string | null;
  after: string | null;
  type_before: string | null;
  type_after: string | null;
}

export interface Warning {
  code: string;
  sentence: string;
  since: string | null;
  links: { label: string; url: string }[];
}

export interface Value {
  text: string;
  type: string;
  version?: string;
}

export interface Conflict {
  name: string;
  was: Value | null;
  theirs: Value | null;
  mine: Value | null;
  theirs_by: { who: string; at: string; event: string | null } | null;
}

export interface TypeChange {
  name: string;
  from: string;
  to: string;
}

export interface Checked {
  changes: Change[];
  type_changes: TypeChange[];
  conflicts: Conflict[];
  warnings: Warning[];
}

export interface Written {
  at: string | null;
  kind: 'added' | 'changed' | 'deleted';
  before: string | null;
  after: string | null;
  type_before: string | null;
  type_after: string | null;
  by: string;
  reason: string;
  url: string | null;
  element_name: string;
  is_initial: boolean;
}

export interface Problem {
  path: string;
  message: string;
  line: number;
  column: number;
  code: string;
}

/** What a refusal says besides its sentence. */
export interface RefusalBody {
  message: string;
  code?: string;
  conflicts?: Conflict[];
  type_changes?: TypeChange[];
  problems?: Problem[];
  approval?: Approval;
}

/** What one should know before saving. */
export interface Told {
  warnings: Warning[];
  /** The policy that demands an approval for it. */
  approval: Approval | null;
}

function address(page: string, what: string, scope: string, name?: string): string {
  const query = new URLSearchParams(name === undefined ? { scope } : { scope, name });
  return `${page}variables/${what}?${query}`;
}

/** The variables of a scope, whole: all, or one. */
export async function read(page: string, scope: string, name?: string): Promise<Reading[]> {
  return (await getJson<{ variables: Reading[] }>(address(page, 'values/', scope, name))).variables;
}

export async function readHistory(page: string, scope: string, name: string): Promise<Written[]> {
  return (await getJson<{ history: Written[] }>(address(page, 'history/', scope, name))).history;
}

/** A variable without its mask, for who has the right; that it was shown goes on record. */
export async function reveal(page: string, scope: string, name: string): Promise<Reading | undefined> {
  const body = { scope, names: [name] };
  return (await postJson<{ variables: Reading[] }>(`${page}variables/reveal/`, body)).variables[0];
}

/** What one should know before variables of a scope are saved. */
export function readWarnings(page: string, scope: string): Promise<Told> {
  return getJson<Told>(address(page, 'warnings/', scope));
}

export function send(page: string, scope: string, { glass, ...edit }: Edit): Promise<PanelState> {
  return postJson<PanelState>(`${page}variables/`, { ...edit, scope }, glass ? breaking(glass) : {});
}

/** What a failed request means, as one sentence. */
export function refusalOf(error: unknown): RefusalBody {
  if (error instanceof Refused) {
    return error.body as RefusalBody;
  }
  return { message: error instanceof TypeError ? T.unreachable : String(error) };
}
