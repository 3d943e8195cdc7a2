// Lua programs as Argo CD runs them: https://github.com/argoproj/argo-cd/blob/master/util/lua/lua.go
import { lauxlib, lua, lualib, to_jsstring, to_luastring } from 'fengari';
import type { LuaState } from 'fengari';

/** Argo CD gives a program these libraries, not even `string`. */
const LIBRARIES = { _G: lualib.luaopen_base, table: lualib.luaopen_table } as const;

/** Runs a program with the global `obj`, and answers what it returns: a table as an object, or as an array where it has items or is empty. */
export function runLua(program: string, obj: unknown, what: string): unknown {
  const state = lauxlib.luaL_newstate();
  for (const [name, open] of Object.entries(LIBRARIES)) {
    lauxlib.luaL_requiref(state, to_luastring(name), open, 1);
    lua.lua_pop(state, 1);
  }
  lua.lua_pushcfunction(state, requireSafely);
  lua.lua_setglobal(state, to_luastring('require'));
  push(state, obj);
  lua.lua_setglobal(state, to_luastring('obj'));
  const loaded = lauxlib.luaL_loadstring(state, to_luastring(program));
  if (loaded !== lua.LUA_OK || lua.lua_pcall(state, 0, 1, 0) !== lua.LUA_OK) {
    throw new Error(`${what} failed: ${lua.lua_tojsstring(state, -1)}`);
  }
  return pull(state);
}

/** `require` knows one module, and of that the two functions that are safe. */
function requireSafely(state: LuaState): number {
  if (lua.lua_tojsstring(state, 1) !== 'os') return lauxlib.luaL_error(state, to_luastring('module not found'));
  lua.lua_createtable(state, 0, 2);
  lua.lua_pushcfunction(state, date);
  lua.lua_setfield(state, -2, to_luastring('date'));
  lua.lua_pushcfunction(state, time);
  lua.lua_setfield(state, -2, to_luastring('time'));
  return 1;
}

function time(state: LuaState): number {
  lua.lua_pushinteger(state, Math.floor(Date.now() / 1000));
  return 1;
}

/** os.date(format) of now, in UTC as the containers of Argo CD are. (fengari's own leaves the "!" in its answer.) */
function date(state: LuaState): number {
  const [day = '', clock = ''] = new Date().toISOString().split(/[T.]/);
  const [year = '', month = '', dayOfMonth = ''] = day.split('-');
  const [hour = '', minute = '', second = ''] = clock.split(':');
  const fields: Readonly<Record<string, string>> = { Y: year, m: month, d: dayOfMonth, H: hour, M: minute, S: second };
  const text = lua
    .lua_tojsstring(state, 1)
    .replace(/^!/, '')
    .replaceAll(/%(.)/g, (whole, flag: string) => fields[flag] ?? whole);
  lua.lua_pushstring(state, to_luastring(text));
  return 1;
}

/** Pushes a JSON value: arrays from 1, null as nil. */
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

/** Reads the value on top of the stack. */
function pull(state: LuaState): unknown {
  switch (lua.lua_type(state, -1)) {
    case lua.LUA_TNIL:
      return undefined;
    case lua.LUA_TBOOLEAN:
      return lua.lua_toboolean(state, -1);
    case lua.LUA_TNUMBER:
      return lua.lua_tonumber(state, -1);
    case lua.LUA_TSTRING:
      return lua.lua_tojsstring(state, -1);
    case lua.LUA_TTABLE:
      return pullTable(state);
    default:
      throw new Error('the program returned something that is no JSON');
  }
}

function pullTable(state: LuaState): unknown {
  const members: [string | number, unknown][] = [];
  lua.lua_pushnil(state);
  while (lua.lua_next(state, -2) !== 0) {
    const value = pull(state);
    lua.lua_pop(state, 1);
    members.push([
      lua.lua_type(state, -1) === lua.LUA_TNUMBER
        ? lua.lua_tonumber(state, -1)
        : to_jsstring(lua.lua_tostring(state, -1)),
      value,
    ]);
  }
  const isArray = members.every(([key]) => typeof key === 'number');
  return isArray ? members.map(([, value]) => value) : Object.fromEntries(members);
}
