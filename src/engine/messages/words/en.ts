import type { Words } from './words.ts'

export const en: Words = {
  gap: ' ',
  codes: {
    login: '{code} is your {service} code to sign in.',
    enrolment: '{code} is your {service} code to add this contact as a sign-in method.',
    'verify-address': '{code} is your {service} code to confirm this address.',
    'password-reset': '{code} is your {service} code to reset your password.',
  },
  codeSubject: 'Your {service} verification code',
  spoken: 'This is {service}. Your code is: {code}. Again, your code is: {code}.',
  life: 'It is valid for {time}.',
  secret: 'Do not share it with anyone.',
  reset: {
    subject: 'Reset your {service} password',
    asked: 'Somebody asked to reset the password of your {service} account.',
    open: 'To choose a new one, open this link within {time}:',
    button: 'Choose a new password',
    ignore: 'If it was not you, ignore this message: your password stays as it is.',
  },
  signIn: {
    subject: 'Sign in to {service}',
    asked: 'Somebody is signing in to your {service} account.',
    open: 'To let them in, open this link within {time}:',
    button: 'Sign in',
    ignore: 'If it was not you, ignore this message: nobody is signed in without it.',
  },
  invitation: {
    subject: 'Set up a second sign-in step for {service}',
    asked: 'You are invited to set up a second sign-in step for your {service} account.',
    open: 'Open this link within {time}:',
    button: 'Set it up',
  },
  alert: 'Open the authenticator to answer a sign-in request of {service}.',
  notice: {
    subject: '{service}: security notice',
    objection: 'If this was not you, change your password and contact the support of {service} at once.',
  },
  notices: {
    'factor-added': 'A sign-in method was added to your account',
    'factor-removed': 'A sign-in method was removed from your account',
    'factor-changed': 'A sign-in method of your account was renamed or changed',
    'factors-reset': 'All sign-in methods of your account were reset by an administrator',
    'factor-locked': 'Too many wrong codes were entered for your account, so a sign-in method is paused',
    'factor-disabled': 'A sign-in method of your account was disabled after too many wrong codes',
    'sign-in-reported':
      'A sign-in with your password was reported as not yours, so your devices are not asked any more until you change your password',
    'recovery-used': 'A recovery code was used to sign in to your account',
    'recovery-replaced': 'The recovery code of your account was replaced',
    'enrolment-refused': 'Somebody with your password tried to add a sign-in method without proving an existing one',
    'success-after-failures': 'Your account was signed in to after several wrong codes',
    'password-changed': 'The password of your account was changed',
    'password-dropped':
      'The password of your account was removed, because it was set before this address was confirmed',
    'email-changed': 'The e-mail address of your account was changed',
    'phone-changed': 'The telephone number of your account was changed',
  },
  stop: '.',
}
