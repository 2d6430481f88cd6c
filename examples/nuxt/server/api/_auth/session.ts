/** For `useUserSession`: what the page may know. */
export default defineEventHandler(userSessionHandler);
