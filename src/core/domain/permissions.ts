import { type ConveyorError, refuse } from './errors.ts';
import type { JsonObject, JsonValue } from './json.ts';
import { nearestName } from './nearestName.ts';

/** What a manager can be allowed to do beyond nudging, by category. Actions are sorted: the ledger compares them as text. */
export const permissionTaxonomy = {
  communication: ['comment_on_pr', 'notify_operator'],
  context: ['fetch_issues', 'fetch_prs', 'spawn_reviewer'],
  repo: ['merge_green_pr', 'open_pr', 'push_branch'],
  verification: ['run_cargo', 'run_playwright', 'run_pytest', 'run_xcodebuild'],
  worker_session: ['approve', 'clear', 'compact', 'interrupt', 'stop'],
} as const;

export type PermissionCategory = keyof typeof permissionTaxonomy;

/** The granted actions of every category, sorted. */
export type Permissions = { readonly [Category in PermissionCategory]: readonly string[] };

export const permissionCategories: readonly PermissionCategory[] = Object.keys(permissionTaxonomy).filter(isCategory);

/** `repo.open_pr` and so on, sorted. */
export const permissionNames: readonly string[] = permissionCategories.flatMap((category) =>
  permissionTaxonomy[category].map((action) => `${category}.${action}`),
);

/** Flat names of older configurations; one of them stands for two permissions. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  allow_pr: ['repo.open_pr'],
  create_pr: ['repo.open_pr'],
  allow_merge_green: ['repo.merge_green_pr'],
  merge_green_pr: ['repo.merge_green_pr'],
  allow_worker_compact_clear: ['worker_session.compact', 'worker_session.clear'],
  worker_compact_clear: ['worker_session.compact', 'worker_session.clear'],
};

export const noPermissions: Permissions = {
  communication: [],
  context: [],
  repo: [],
  verification: [],
  worker_session: [],
};

export function isCategory(name: string): name is PermissionCategory {
  return Object.hasOwn(permissionTaxonomy, name);
}

/** The canonical names behind a name or an alias; null when it is unknown. */
function canonicalPermissions(name: string): readonly string[] | null {
  if (permissionNames.includes(name)) return [name];
  return Object.hasOwn(aliases, name) ? (aliases[name] ?? null) : null;
}

/** Throws `permission_unknown`, offering the nearest name (CP-37). */
export function requirePermissions(name: string): readonly string[] {
  const canonical = canonicalPermissions(name);
  if (canonical === null) throw unknownPermission(name);
  return canonical;
}

function unknownPermission(name: string): ConveyorError {
  const nearest = nearestName(name, [...permissionNames, ...Object.keys(aliases)]);
  const advice = nearest === null ? `choose from ${permissionNames.join(', ')}` : `did you mean ${nearest}?`;
  return refuse('permission_unknown', `unknown manager permission action: ${name}; ${advice}`);
}

/** True when every permission behind the name is granted. An unknown name is never granted. */
export function isGranted(permissions: Permissions, name: string): boolean {
  const canonical = canonicalPermissions(name);
  return canonical !== null && canonical.every((one) => grantedNames(permissions).includes(one));
}

/** `category.action` of everything that is granted, sorted. */
function grantedNames(permissions: Permissions): readonly string[] {
  return permissionCategories.flatMap((category) => permissions[category].map((action) => `${category}.${action}`));
}

/** Adds names or aliases. Throws `permission_unknown`. */
export function grant(permissions: Permissions, names: readonly string[]): Permissions {
  return fromNames([...grantedNames(permissions), ...names.flatMap(requirePermissions)]);
}

export interface JsonGrants {
  readonly permissions: Permissions;
  /** One sentence for each name or form that meant nothing. */
  readonly warnings: readonly string[];
}

/**
 * Applies an object in the order of its keys: a category with a list is replaced by it, any other known name is granted
 * or revoked by its truth. What is not understood grants nothing and is reported.
 */
export function applyPermissionObject(permissions: Permissions, given: JsonObject): JsonGrants {
  let names = grantedNames(permissions);
  const warnings: string[] = [];
  for (const [key, value] of Object.entries(given)) {
    if (isCategory(key)) {
      const listed = listedActions(key, value, warnings);
      if (listed !== null) names = [...names.filter((name) => !name.startsWith(`${key}.`)), ...listed];
      continue;
    }
    const canonical = canonicalPermissions(key);
    if (canonical === null) warnings.push(`${unknownPermission(key).message}`);
    else names = value ? [...names, ...canonical] : names.filter((name) => !canonical.includes(name));
  }
  return { permissions: fromNames(names), warnings };
}

/** What a stored or foreign object grants; unknown categories and actions are dropped. */
export function readPermissions(stored: JsonObject): Permissions {
  return applyPermissionObject(noPermissions, stored).permissions;
}

function listedActions(category: PermissionCategory, value: JsonValue, warnings: string[]): readonly string[] | null {
  if (!isList(value)) {
    warnings.push(`permission category ${category} must be a list of actions; it was left as it is`);
    return null;
  }
  const names = value.map((action) => (typeof action === 'string' ? `${category}.${action}` : `${category}.?`));
  for (const name of names.filter((one) => !permissionNames.includes(one)))
    warnings.push(unknownPermission(name).message);
  return names.filter((name) => permissionNames.includes(name));
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function fromNames(names: readonly string[]): Permissions {
  const granted = (category: PermissionCategory): readonly string[] =>
    permissionTaxonomy[category].filter((action) => names.includes(`${category}.${action}`));
  return {
    communication: granted('communication'),
    context: granted('context'),
    repo: granted('repo'),
    verification: granted('verification'),
    worker_session: granted('worker_session'),
  };
}
