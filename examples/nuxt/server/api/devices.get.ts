import { getSession } from "sojourn/nuxt";
import { nameOf } from "sojourn-example-common/users";

export default defineEventHandler(async (event) => {
  const { user } = await requireUserSession(event);
  const session = getSession(sessions, event);
  const { items } = await sessions.list(user.id);
  return {
    devices: items.map(({ id, device }) => ({ id, name: nameOf(device), own: id === session.id })),
    messages: session.flashes(),
  };
});
