// The part of fengari (Lua 5.3 in JavaScript) that the testbed calls; it is the C API of Lua.
// https://www.lua.org/manual/5.3/manual.html#4
declare module 'fengari' {
  type LuaState = object;
  type LuaString = Uint8Array;
  type LuaFunction = (state: LuaState) => number;

  export const to_luastring: (text: string) => LuaString;
  export const to_jsstring: (text: LuaString) => string;

  export const lua: {
    readonly LUA_OK: number;
    readonly LUA_TNIL: number;
    readonly LUA_TBOOLEAN: number;
    readonly LUA_TNUMBER: number;
    readonly LUA_TSTRING: number;
    readonly LUA_TTABLE: number;
    readonly lua_type: (state: LuaState, index: number) => number;
    readonly lua_next: (state: LuaState, table: number) => number;
    readonly lua_toboolean: (state: LuaState, index: number) => boolean;
    readonly lua_tonumber: (state: LuaState, index: number) => number;
    readonly lua_tostring: (state: LuaState, index: number) => LuaString;
    readonly lua_pushcfunction: (state: LuaState, value: LuaFunction) => void;
    readonly lua_setfield: (state: LuaState, table: number, name: LuaString) => void;
    readonly lua_pcall: (state: LuaState, args: number, results: number, handler: number) => number;
    readonly lua_pop: (state: LuaState, count: number) => void;
    readonly lua_pushboolean: (state: LuaState, value: boolean) => void;
    readonly lua_pushinteger: (state: LuaState, value: number) => void;
    readonly lua_pushnil: (state: LuaState) => void;
    readonly lua_pushnumber: (state: LuaState, value: number) => void;
    readonly lua_pushstring: (state: LuaState, value: LuaString) => void;
    readonly lua_createtable: (state: LuaState, items: number, members: number) => void;
    readonly lua_rawset: (state: LuaState, table: number) => void;
    readonly lua_rawseti: (state: LuaState, table: number, index: number) => void;
    readonly lua_setglobal: (state: LuaState, name: LuaString) => void;
    readonly lua_getfield: (state: LuaState, table: number, name: LuaString) => number;
    readonly lua_tojsstring: (state: LuaState, index: number) => string;
  };

  export const lauxlib: {
    readonly luaL_newstate: () => LuaState;
    readonly luaL_error: (state: LuaState, message: LuaString) => number;
    readonly luaL_loadstring: (state: LuaState, program: LuaString) => number;
    readonly luaL_requiref: (state: LuaState, name: LuaString, open: LuaFunction, global: number) => void;
  };

  export const lualib: {
    readonly luaopen_base: LuaFunction;
    readonly luaopen_table: LuaFunction;
  };
}
