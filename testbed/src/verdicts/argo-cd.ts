// What Argo CD thinks of an object: its health check in Lua, run as Argo CD runs it.
// https://argo-cd.readthedocs.io/en/stable/operator-manual/health/
import { lauxlib, lua, lualib, to_luastring } from 'fengari';
import type { LuaState } from 'fengari';
import type { KubeObject } from '../kube/kube-client.ts';
import type { Verdict } from './verdict.ts';

/** Argo CD gives a health check these libraries (and a harmless `os`), not even `string`. */
const LIBRARIES = { _G: lualib.luaopen_base, table: lualib.luaopen_table } as const;

/** The health of the object by the Lua program `healthCheck`. Throws where the program fails or answers something else than a health. */
export function argoCdHealth(healthCheck: string, object: KubeObject): Verdict {
  // Decided before any health check is asked: https://github.com/argoproj/argo-cd gitops-engine/pkg/health/health.go
  if (object.metadata.deletionTimestamp !== undefined) return { status: 'Progressing', message: 'Pending deletion' };

  const state = lauxlib.luaL_newstate();
  for (const [name, open] of Object.entries(LIBRARIES)) {
    lauxlib.luaL_requiref(state, to_luastring(name), open, 1);
    lua.lua_pop(state, 1);
  }
  push(state, object);
  lua.lua_setglobal(state, to_luastring('obj'));
  const loaded = lauxlib.luaL_loadstring(state, to_luastring(healthCheck));
  if (loaded !== lua.LUA_OK || lua.lua_pcall(state, 0, 1, 0) !== lua.LUA_OK) {
    throw new Error(`the health check failed: ${lua.lua_tojsstring(state, -1)}`);
  }
  if (!lua.lua_istable(state, -1)) throw new Error('the health check returned no table');
  return { status: field(state, 'status'), message: field(state, 'message') };
}

function field(state: LuaState, name: string): string {
  lua.lua_getfield(state, -1, to_luastring(name));
  if (!lua.lua_isstring(state, -1)) throw new Error(`the health check returned no text as "${name}"`);
  const value = lua.lua_tojsstring(state, -1);
  lua.lua_pop(state, 1);
  return value;
}

/** Pushes a JSON value as Argo CD hands it over: arrays from 1, null as nil. */
function push(state: LuaState, value: unknown): void {
  if (typeof value === 'string') lua.lua_pushstring(state, to_luastring(value));
  else if (typeof value === 'boolean') lua.lua_pushboolean(state, value);
  else if (typeof value === 'number' && Number.isInteger(value)) lua.lua_pushinteger(state, value);
  else if (typeof value === 'number') lua.lua_pushnumber(state, value);
  else if (Array.isArray(value)) {
    lua.lua_createtable(state, value.length, 0);
    for (const [index, item] of value.entries()) {
      push(state, item);
      lua.lua_rawseti(state, -2, index + 1);
    }
  } else if (typeof value === 'object' && value !== null) {
    lua.lua_createtable(state, 0, Object.keys(value).length);
    for (const [key, member] of Object.entries(value)) {
      lua.lua_pushstring(state, to_luastring(key));
      push(state, member);
      lua.lua_rawset(state, -3);
    }
  } else lua.lua_pushnil(state);
}
