// Whose phone this is, and what that person does with it.

import { post } from "./http.js";

export const me = { person: null };

// With `wait` the answer comes once the service has answered.
export const act = (name, body = {}, { wait = false } = {}) =>
  post(`people/${me.person.openid}/${name}${wait ? "?wait=true" : ""}`, body);
