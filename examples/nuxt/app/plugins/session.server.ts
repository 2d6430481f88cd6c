/** Before any middleware of a route asks who is there; the browser is given what was found with the page. */
export default defineNuxtPlugin(() => useUserSession().fetch());
