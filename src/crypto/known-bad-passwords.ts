/**
 * Words at the heart of the most common passwords, lower case, written from general knowledge of published rankings.
 * A password that is one of these with a few digits and marks around it is refused too, so no such variants stand here.
 */
const words = `
password passwort passw0rd pass passwd secret geheim geheimnis admin administrator root toor user guest test tester
testing default changeme letmein letmeinplease welcome willkommen welcomeback login master access hello hallo
qwerty qwertyuiop qwertyui qwertz qwertzuiop azerty azertyuiop asdf asdfgh asdfghjk asdfghjkl yxcvbnm zxcvbn zxcvbnm
qazwsx qazwsxedc qweasd qweasdzxc qwe qweqwe qweasdyxc asdasd asdqwe asd zxc zxczxc poiuytrewq lkjhgfdsa mnbvcxz
abc abcd abcde abcdef abcdefg abcdefgh abcabc aaaaaa aaaaaaaa
iloveyou iloveu iloveme ilovegod iloveyouforever loveyou lovely lover love loveme loving sweetheart darling schatz
schatzi honey sweetie babygirl babyboy baby cutie princess prinzessin queen king angel angels engel sunshine
sonnenschein moonlight starlight butterfly schmetterling flower flowers blume rainbow sunflower blossom
monkey dragon drache tiger lion eagle falcon wolf panther shadow phoenix unicorn dolphin turtle kitten kitty puppy
bunny hamster maus mausi mickey minnie snoopy garfield tigger scooby pikachu pokemon charizard
batman superman spiderman ironman wolverine joker hulk thor avengers starwars skywalker yoda vader matrix neo
trinity gandalf frodo hobbit lordoftherings harrypotter hogwarts hermione narnia zelda mario nintendo
playstation xbox minecraft fortnite roblox warcraft counterstrike halo
football fussball soccer baseball basketball hockey volleyball tennis golf cricket liverpool arsenal chelsea
manchester barcelona realmadrid juventus bayern borussia schalke yankees lakers cowboys steelers packers
ferrari porsche mercedes bmw mustang corvette camaro yamaha honda toyota harley chevy jaguar
michael jennifer jessica ashley amanda nicole daniel andrew joshua matthew anthony william robert thomas charlie
christopher jonathan alexander benjamin samantha elizabeth stephanie melissa michelle kimberly danielle heather
jordan hunter hannah maggie buster ginger pepper bailey sophie chloe lauren taylor madison savannah
andrea sabine stefan markus sandra nadine daniela claudia christian sebastian florian dominik patrick marcel
alejandro carlos miguel fernando roberto eduardo daniela mariana gabriela valentina francesco giuseppe alessandro
computer internet laptop server windows linux ubuntu macintosh apple google facebook instagram whatsapp youtube
twitter linkedin microsoft amazon netflix samsung android iphone nokia yahoo hotmail gmail cisco oracle
database system network security secure safety private public account default temp temporary trustno trustnoone
whatever nothing something anything everything nobody somebody forever always never
freedom liberty justice peace victory winner champion legend hero warrior ninja samurai pirate rockstar rockyou
killer hacker slayer destroyer assassin blackops sniper ranger soldier marines army navy airforce
chocolate cookie cookies cheese pizza banana orange strawberry cherry vanilla coffee whisky tequila pepsi cocacola
summer sommer winter spring fruehling autumn herbst monday montag tuesday wednesday thursday friday freitag saturday
sunday sonntag january januar february march april may june july august september october november december dezember
germany deutschland berlin hamburg muenchen frankfurt austria schweiz london england america canada australia paris
france brasil mexico argentina madrid italia napoli russia moscow istanbul
jesus jesuschrist christ blessed blessing heaven faith savior god godisgood
money million millionaire dollar euro bitcoin diamond golden silver platinum lucky lucky7 success
purple yellow orange green black white blue red black cat bluesky
metallica slipknot eminem nirvana beatles greenday linkinpark blink guitar music musik
family familie mother father brother sister mommy daddy mama papa friends friend bestfriend bestfriends
fuckyou fuck fuckoff fuckme bullshit asshole bitch shithead arschloch scheisse pussy sexy hottie
correcthorsebatterystaple opensesame sesame openup starttrek startrek ncc enterprise changeit changethis
passphrase mypassword mypass yourpassword nopassword newpassword oldpassword thisismypassword password password
superuser sysadmin webmaster support service helpdesk office business company firma kunde customer demo example
sample student teacher school schule university uni
`

/** Keys pressed in a row or the same one again, which no letters-only word covers. */
const runs = `
1234 12345 123456 1234567 12345678 123456789 1234567890 0123456789 0987654321 9876543210 987654321 87654321 654321
123123 123123123 12341234 123321 112233 11223344 1122334455 121212 12121212 131313 696969 69696969 159753 159357
147258369 789456123 741852963 963852741 147147 456456 789789 102030 10203040 010203 01020304 246810 13579 1357924680
000000 00000000 0000000000 111111 11111111 1111111111 222222 22222222 333333 33333333 444444 44444444 555555 55555555
666666 66666666 777777 77777777 888888 88888888 999999 99999999 1q2w3e 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y q1w2e3 q1w2e3r4
q1w2e3r4t5 1qaz2wsx 1qaz2wsx3edc zaq12wsx zaq1xsw2 qaz123wsx 1a2b3c 1a2b3c4d a1b2c3 a1b2c3d4 a1b2c3d4e5 abc123def
pass123word 123qwe123 1q1q1q1q 147852369 314159 31415926 3141592653 27182818 19841984 20002000 007007 007bond
`

/** The list of S-39. It is short on purpose: it stops the guesses an online attacker tries first. */
export const knownBadPasswords: ReadonlySet<string> = new Set(`${words} ${runs}`.trim().split(/\s+/))
