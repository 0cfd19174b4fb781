import * as vscode from 'vscode';

import { type SettingName, settingKeys } from './ids.ts';
import { notifyLevels, settingDefinitions, terminalAccesses, terminalLocations } from './manifest/settings.ts';

/** Settings, typed, with the value of the definition where a file says something else than it may. */
export interface Configuration {
  readonly terminalLocation: (typeof terminalLocations)[number];
  readonly terminalAccess: (typeof terminalAccesses)[number];
  readonly notify: {
    readonly approval: NotifyLevel;
    readonly question: NotifyLevel;
    readonly failure: NotifyLevel;
    readonly turnFinished: NotifyLevel;
  };
  readonly tmuxPath: string | null;
  readonly tmuxSocket: string | null;
  readonly codexPath: string | null;
  readonly managerPermissions: readonly string[];
}

export type NotifyLevel = (typeof notifyLevels)[number];

export function readConfiguration(): Configuration {
  return {
    terminalLocation: choice('terminalLocation', terminalLocations),
    terminalAccess: choice('terminalAccess', terminalAccesses),
    notify: {
      approval: choice('notifyApproval', notifyLevels),
      question: choice('notifyQuestion', notifyLevels),
      failure: choice('notifyFailure', notifyLevels),
      turnFinished: choice('notifyTurnFinished', notifyLevels),
    },
    tmuxPath: pathSetting('tmuxPath'),
    tmuxSocket: pathSetting('tmuxSocket'),
    codexPath: pathSetting('codexPath'),
    managerPermissions: textList('managerPermissions'),
  };
}

/** Settings that the engine is built with: a change of one rebuilds it. */
const engineSettings: readonly SettingName[] = ['tmuxPath', 'tmuxSocket', 'codexPath', 'managerPermissions'];

export function affectsEngine(event: vscode.ConfigurationChangeEvent): boolean {
  return engineSettings.some((name) => event.affectsConfiguration(settingKeys[name]));
}

function value(name: SettingName): unknown {
  return vscode.workspace.getConfiguration().get(settingKeys[name]);
}

function choice<T extends string>(name: SettingName, allowed: readonly T[]): T {
  const given = value(name);
  const found =
    allowed.find((option) => option === given) ?? allowed.find((option) => option === settingDefinitions[name].default);
  if (found === undefined) throw new Error(`the default of ${settingKeys[name]} is not one of its values`);
  return found;
}

function pathSetting(name: SettingName): string | null {
  const given = value(name);
  return typeof given === 'string' && given.trim() !== '' ? given.trim() : null;
}

function textList(name: SettingName): readonly string[] {
  const given = value(name);
  return Array.isArray(given) ? given.filter((item) => typeof item === 'string') : [];
}
