// The libraries of others. Each function returns opinions: what a library makes
// of the same thing that the server was asked. A library that falls over its own
// feet - SCIMMY's filters do where an attribute is absent - has none.

import { createRequire } from 'node:module';
import path from 'node:path';
import { setting } from '../browser/process.mjs';

const need = createRequire(path.join(setting('E2E_MODULES'), 'here.js'));
const SCIMMY = need('scimmy').default ?? need('scimmy');
const { scimPatch } = need('scim-patch');
const parser = need('scim2-parse-filter');

SCIMMY.Schemas.User.extend(SCIMMY.Schemas.EnterpriseUser, false);

/** The libraries' own idea of the standard's schemas, by URN. */
export const schemas = new Map([SCIMMY.Schemas.User, SCIMMY.Schemas.Group, SCIMMY.Schemas.EnterpriseUser]
  .map(({ definition }) => [definition.id, definition.describe()]));

/** Throws unless the resource is what the standard says it is. */
export function read(kind, resource) {
  return new SCIMMY.Schemas[kind](structuredClone(resource), 'out');
}

/** Who of the people a filter chooses: lists of ids. */
export function chosen(filter, people) {
  return opinions({
    'scim2-parse-filter': () => people.filter(parser.filter(parser.parse(filter))),
    SCIMMY: () => new SCIMMY.Types.Filter(filter).match(structuredClone(people)),
  }, (list) => list.map((p) => p.id).sort().join(' '));
}

const message = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

/** What a PATCH makes of somebody: as state() writes it, or refused. */
export async function patched(person, Operations) {
  const copy = () => structuredClone({ person, Operations });
  const scimmy = async () => {
    const { person: before, Operations: ops } = copy();
    const after = await new SCIMMY.Messages.PatchOp({ schemas: [message], Operations: ops }).apply(read('User', before), (x) => x);
    return JSON.parse(JSON.stringify(after ?? before)); // nothing comes back when nothing changed
  };
  return opinions({
    'scim-patch': () => { const { person: before, Operations: ops } = copy(); return scimPatch(before, ops); },
    SCIMMY: await scimmy().then((after) => () => after, (error) => () => { throw error; }),
  }, state, () => refused);
}

export const refused = 'refused';

/** A person without what the server alone decides, in one order, as text. */
export function state(person) {
  const tidy = (value) => {
    if (Array.isArray(value)) {
      const list = value.map(tidy).filter((v) => v !== undefined).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
      return list.length > 0 ? list : undefined;
    }
    if (value === null || typeof value !== 'object') {
      return value ?? undefined;
    }
    const kept = Object.keys(value).sort().map((k) => [k, tidy(value[k])]).filter(([k, v]) => v !== undefined && !(k === 'primary' && v === false));
    return kept.length > 0 ? Object.fromEntries(kept) : undefined;
  };
  const { id, meta, schemas: urns, ...own } = person;
  return JSON.stringify(tidy(own));
}

function opinions(peers, write, failed = () => undefined) {
  const out = new Map();
  for (const [name, ask] of Object.entries(peers)) {
    let opinion;
    try {
      opinion = write(ask());
    } catch (error) {
      opinion = failed(error);
    }
    if (opinion !== undefined) {
      out.set(name, opinion);
    }
  }
  return out;
}
