import type { Words } from './words.ts'

export const fr: Words = {
  gap: ' ',
  codes: {
    login: '{code} est votre code de connexion à {service}.',
    enrolment: '{code} est votre code pour ajouter ce contact comme méthode de connexion à {service}.',
    'verify-address': '{code} est votre code pour confirmer cette adresse auprès de {service}.',
    'password-reset': '{code} est votre code pour réinitialiser votre mot de passe {service}.',
  },
  codeSubject: 'Votre code de vérification {service}',
  spoken: 'Ici {service}. Votre code est : {code}. Je répète, votre code est : {code}.',
  life: 'Il est valable {time}.',
  secret: 'Ne le communiquez à personne.',
  reset: {
    subject: 'Réinitialiser votre mot de passe {service}',
    asked: 'Quelqu’un a demandé à réinitialiser le mot de passe de votre compte {service}.',
    open: 'Pour en choisir un nouveau, ouvrez ce lien dans un délai de {time} :',
    button: 'Choisir un nouveau mot de passe',
    ignore: 'Si ce n’était pas vous, ignorez ce message : votre mot de passe reste inchangé.',
  },
  signIn: {
    subject: 'Connexion à {service}',
    asked: 'Quelqu’un se connecte à votre compte {service}.',
    open: 'Pour confirmer la connexion, ouvrez ce lien dans un délai de {time} :',
    button: 'Se connecter',
    ignore: 'Si ce n’était pas vous, ignorez ce message : personne n’est connecté sans lui.',
  },
  invitation: {
    subject: 'Configurer une seconde étape de connexion pour {service}',
    asked: 'Vous êtes invité à configurer une seconde étape de connexion pour votre compte {service}.',
    open: 'Ouvrez ce lien dans un délai de {time} :',
    button: 'Configurer',
  },
  alert: 'Ouvrez l’authentificateur pour répondre à une demande de connexion de {service}.',
  notice: {
    subject: '{service} : avis de sécurité',
    objection:
      "Si ce n'était pas vous, changez votre mot de passe et contactez immédiatement l'assistance de {service}.",
  },
  notices: {
    'factor-added': 'Une méthode de connexion a été ajoutée à votre compte',
    'factor-removed': 'Une méthode de connexion a été retirée de votre compte',
    'factor-changed': 'Une méthode de connexion de votre compte a été renommée ou modifiée',
    'factors-reset': 'Toutes les méthodes de connexion de votre compte ont été réinitialisées par un administrateur',
    'factor-locked': 'Trop de codes erronés ont été saisis pour votre compte : une méthode de connexion est suspendue',
    'factor-disabled': 'Une méthode de connexion de votre compte a été désactivée après trop de codes erronés',
    'sign-in-reported':
      'Une connexion avec votre mot de passe a été signalée comme étrangère : vos appareils ne seront plus sollicités avant que vous ne changiez de mot de passe',
    'recovery-used': 'Un code de secours a servi à se connecter à votre compte',
    'recovery-replaced': 'Le code de secours de votre compte a été remplacé',
    'enrolment-refused':
      "Quelqu'un qui a votre mot de passe a tenté d'ajouter une méthode de connexion sans en prouver une existante",
    'success-after-failures': 'Une connexion à votre compte a abouti après plusieurs codes erronés',
    'password-changed': 'Le mot de passe de votre compte a été modifié',
    'password-dropped':
      'Le mot de passe de votre compte a été supprimé, car il datait d’avant la confirmation de cette adresse',
    'email-changed': "L'adresse e-mail de votre compte a été modifiée",
    'phone-changed': 'Le numéro de téléphone de votre compte a été modifié',
  },
  stop: '.',
}
