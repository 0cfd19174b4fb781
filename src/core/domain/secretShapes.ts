/**
 * What keys, tokens and passwords look like. The list is of prefixes that their makers document, for somebody to find
 * them: https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
 *
 * Every pattern takes time in proportion to the text: it begins with letters of its own, what follows is one run of one
 * set of characters, and where more must come after a run, the pattern can't begin inside of it. There are packages with
 * longer lists (secretlint); they work on files, asynchronously, and cost more to load than any of our verbs takes.
 */

const word = String.raw`[A-Za-z0-9_-]`;
/** Where a token may begin: not inside of a word, but right after an escaped line break of JSON. */
const edge = String.raw`(?:(?<![A-Za-z0-9_-])|(?<=\\[nrtbf]))`;

/** Letters of both cases and a number near by: a key, and no name of a thing. */
const mixed = String.raw`(?=${word}{0,80}[A-Z])(?=${word}{0,80}[a-z])(?=${word}{0,80}[0-9])`;

/** A secret as a whole, by who made it. */
export const tokenShapes: Readonly<Record<string, string>> = {
  github: String.raw`gh[opsur]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{22,}`,
  gitlab: String.raw`gl(?:pat|dt|rt|ptt|cbt|soat|ft|imt|agent|ffct|oas)-${word}{20,}`,
  // An identifier of ours, `task-2f0c…`, ends in sk- and a number.
  model: String.raw`${edge}(?:sk-${word}{20,}|gsk_[A-Za-z0-9]{32,}|xai-[A-Za-z0-9]{32,}|pplx-[A-Za-z0-9]{32,}|hf_[A-Za-z0-9]{30,}|r8_[A-Za-z0-9]{30,})|(?<=[-_])(?:sk-|hf_|gsk_)${mixed}${word}{20,}`,
  aws: String.raw`(?:A3T[A-Z0-9]|AKIA|ASIA|AROA|AIDA|AGPA|AIPA|ANPA|ANVA|ABIA|ACCA)[A-Z0-9]{16}`,
  google: String.raw`AIza${word}{35}|ya29\.${word}{20,}|GOCSPX-${word}{20,}|1//0${word}{30,}`,
  slack: String.raw`xox[abceoprs](?:\.xox[bp])?-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9/]{20,}`,
  stripe: String.raw`[rs]k_(?:live|test|prod)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{20,}`,
  npm: String.raw`npm_[A-Za-z0-9]{36,}`,
  packages: String.raw`pypi-${word}{32,}|rubygems_[a-f0-9]{40,}|dckr_(?:pat|oat)_${word}{20,}|oy2[a-z0-9]{43}`,
  clouds: String.raw`do[opr]_v1_[a-f0-9]{60,}|hv[brs]\.${word}{20,}|tskey-${word}{20,}|pul-[a-f0-9]{40}|dapi[a-f0-9]{32}|dp\.(?:pt|st|ct|sa)\.[A-Za-z0-9]{30,}|fm2_[A-Za-z0-9+/=]{30,}|sbp_[a-f0-9]{40}|vercel_[A-Za-z0-9]{24,}`,
  services: String.raw`SG\.${word}{16,}\.${word}{16,}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}|sq0(?:atp|csp|idp)-${word}{22,}|lin_api_[A-Za-z0-9]{30,}|ntn_[A-Za-z0-9]{30,}|figd_${word}{30,}|PMAK-${word}{30,}|ATATT3${word}{30,}|NRAK-[A-Z0-9]{20,}|gl(?:sa|c)_[A-Za-z0-9_+/=]{30,}|sntry[su]_[A-Za-z0-9_=+/]{30,}|key-[a-f0-9]{32}|${edge}[a-f0-9]{32}-us[0-9]{1,2}|${edge}SK[a-f0-9]{32}|${edge}[0-9]{8,10}:AA${word}{33}`,
  age: String.raw`AGE-SECRET-KEY-1[A-Z0-9]{20,}`,
  // Its three parts; and one that was cut off, by the headers that nearly all have.
  jwt: String.raw`${edge}eyJ${word}{8,}\.eyJ${word}{6,}(?:\.${word}*){0,3}|${edge}eyJ(?:hbGciOi|0eXAiOi|raWQiOi)${word}{8,}(?:\.${word}*){0,4}`,
};

const quotes = String.raw`[\\"'\x60]{0,4}`;
const assigned = String.raw`${quotes}[ \t]{0,3}(?::=|=>|[:=])[ \t]{0,3}${quotes}`;
const value = String.raw`[^\s"'\x60\\,;&<>(){}\[\]]`;
const names = String.raw`pass(?:word|wd|phrase)|(?<![A-Za-z])pwd|secret|token|(?:api|access|secret|private|account|auth|signing|encryption|deploy|license)[-_ ]?key|credentials?|signature|(?<![A-Za-z])sig`;

/** A secret that its surroundings tell of: the first group stays, the rest is the secret. */
export const labelledShapes: readonly RegExp[] = [
  // https://name:password@host, and https://token@host
  new RegExp(String.raw`(://)(?:[^\s/"'<>\\:@]{0,200}:[^\s/"'<>\\]{1,300}|[^\s/"'<>\\:@]{16,300})(?=@)`, 'g'),
  new RegExp(String.raw`((?:proxy-)?authorization${assigned}(?:[A-Za-z][\w-]{0,30} {1,3})?)${value}{8,}`, 'gi'),
  new RegExp(String.raw`((?<![A-Za-z])(?:bearer|basic) {1,3})(?=[\w.~+/-]{0,64}[\d=])[\w.~+/-]{12,}={0,2}`, 'gi'),
  new RegExp(String.raw`(cookie2?${assigned})[^\r\n"'\x60\\=]{1,100}=[^\r\n"'\x60\\]{3,}`, 'gi'),
  // NAME=value: any value. name: value is also how people write sentences, so there it must have a number in it.
  new RegExp(String.raw`((?:${names})${quotes}=${quotes})(?!\[REDACTED\])${value}{6,}`, 'gi'),
  new RegExp(String.raw`((?:${names})${assigned})(?!\[REDACTED\])(?=${value}{0,64}\d)${value}{8,}`, 'gi'),
];

/** Names of fields that hold nothing but a secret. */
export const secretName =
  /^(?:.{0,60}[-_.])?(?:pass(?:word|wd|phrase)|pwd|secret|token|api[-_]?key|(?:access|auth|refresh|id|identity|bearer|session)[-_]?token|client[-_]?secret|(?:private|secret|access)[-_]?key|secret[-_]?access[-_]?key|(?:proxy-)?authorization|(?:set-)?cookie)$/i;
