import type { Application } from '#model/application.ts'
import type { Group, User } from '#model/user.ts'
import type { Step } from './step.ts'

/** The groups of a user an application lets people choose among; none where it does not. */
export function selectableGroups(
  { groupSelection }: Pick<Application, 'groupSelection'>,
  { groups = [] }: Pick<User, 'groups'>,
): readonly Group[] {
  if (groupSelection === undefined) return []
  const { groups: ids, types } = groupSelection
  return groups.filter(
    (it) =>
      (ids === undefined && types === undefined) ||
      ids?.includes(it.id) === true ||
      (it.type !== undefined && types?.includes(it.type) === true),
  )
}

/** Whoever is in several says in which they come; who is in one is asked only where the application always wants it. */
export const chooseGroup: Step = ({ application, user, wish }) => {
  const open = selectableGroups(application, user)
  const from = application.groupSelection?.always === true ? 1 : 2
  const chosen = wish.group !== undefined && open.some((it) => it.id === wish.group)
  return open.length >= from && !chosen ? 'choose-group' : undefined
}
