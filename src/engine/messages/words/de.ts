import type { Words } from './words.ts'

export const de: Words = {
  gap: ' ',
  codes: {
    login: '{code} ist Ihr Code für die Anmeldung bei {service}.',
    enrolment: '{code} ist Ihr Code, um diesen Kontakt bei {service} als Anmeldeverfahren hinzuzufügen.',
    'verify-address': '{code} ist Ihr Code, um diese Adresse bei {service} zu bestätigen.',
    'password-reset': '{code} ist Ihr Code, um Ihr Passwort bei {service} zurückzusetzen.',
  },
  codeSubject: 'Ihr Bestätigungscode für {service}',
  spoken: 'Hier ist {service}. Ihr Code lautet: {code}. Noch einmal, Ihr Code lautet: {code}.',
  life: 'Er gilt {time}.',
  secret: 'Geben Sie ihn niemandem weiter.',
  reset: {
    subject: 'Ihr Passwort bei {service} zurücksetzen',
    asked: 'Jemand möchte das Passwort Ihres Kontos bei {service} zurücksetzen.',
    open: 'Um ein neues zu wählen, öffnen Sie innerhalb von {time} diesen Link:',
    button: 'Neues Passwort wählen',
    ignore: 'Wenn Sie das nicht waren, beachten Sie diese Nachricht nicht: Ihr Passwort bleibt, wie es ist.',
  },
  signIn: {
    subject: 'Bei {service} anmelden',
    asked: 'Jemand meldet sich bei Ihrem Konto bei {service} an.',
    open: 'Um die Anmeldung zu bestätigen, öffnen Sie innerhalb von {time} diesen Link:',
    button: 'Anmelden',
    ignore: 'Wenn Sie das nicht waren, beachten Sie diese Nachricht nicht: Ohne sie wird niemand angemeldet.',
  },
  invitation: {
    subject: 'Zweiten Anmeldeschritt für {service} einrichten',
    asked: 'Sie sind eingeladen, für Ihr Konto bei {service} einen zweiten Anmeldeschritt einzurichten.',
    open: 'Öffnen Sie innerhalb von {time} diesen Link:',
    button: 'Jetzt einrichten',
  },
  alert: 'Öffnen Sie den Authenticator, um eine Anmeldung bei {service} zu beantworten.',
  notice: {
    subject: '{service}: Sicherheitshinweis',
    objection:
      'Wenn Sie das nicht waren, ändern Sie Ihr Passwort und wenden Sie sich sofort an den Support von {service}.',
  },
  notices: {
    'factor-added': 'Ihrem Konto wurde ein Anmeldeverfahren hinzugefügt',
    'factor-removed': 'Aus Ihrem Konto wurde ein Anmeldeverfahren entfernt',
    'factor-changed': 'Ein Anmeldeverfahren Ihres Kontos wurde umbenannt oder geändert',
    'factors-reset': 'Alle Anmeldeverfahren Ihres Kontos wurden von einem Administrator zurückgesetzt',
    'factor-locked': 'Für Ihr Konto wurden zu viele falsche Codes eingegeben; ein Anmeldeverfahren pausiert deshalb',
    'factor-disabled': 'Ein Anmeldeverfahren Ihres Kontos wurde nach zu vielen falschen Codes abgeschaltet',
    'sign-in-reported':
      'Eine Anmeldung mit Ihrem Passwort wurde als fremd gemeldet; Ihre Geräte werden nicht mehr gefragt, bis Sie Ihr Passwort ändern',
    'recovery-used': 'Bei Ihrem Konto wurde ein Wiederherstellungscode zur Anmeldung benutzt',
    'recovery-replaced': 'Der Wiederherstellungscode Ihres Kontos wurde ersetzt',
    'enrolment-refused':
      'Jemand mit Ihrem Passwort wollte ein Anmeldeverfahren hinzufügen, ohne ein vorhandenes nachzuweisen',
    'success-after-failures': 'Bei Ihrem Konto gelang nach mehreren falschen Codes eine Anmeldung',
    'password-changed': 'Das Passwort Ihres Kontos wurde geändert',
    'password-dropped':
      'Das Passwort Ihres Kontos wurde entfernt, weil es vor der Bestätigung dieser Adresse gesetzt worden war',
    'email-changed': 'Die E-Mail-Adresse Ihres Kontos wurde geändert',
    'phone-changed': 'Die Telefonnummer Ihres Kontos wurde geändert',
  },
  stop: '.',
}
