"""English words that say little: where case does not help, they rarely mean a name.

Written by hand and kept short; `ordinary_words` of the gazetteer adds to them. All have the form in which
`glinker_core.names.tokens` gives the words of a text.
"""

from __future__ import annotations

_FUNCTION = """
a about above across after again against all almost alone along already also although always am amid among an and
another any anybody anyone anything anywhere are aren around as at away be became because become becomes been before
behind being below beneath beside besides between beyond both but by came can cannot could couldn d did didn do does
doesn doing don done down during each either else enough even ever every everybody everyone everything everywhere except
few for from further get gets getting go goes going gone got had hadn has hasn have haven having he hence her here hers
herself him himself his how however i if in indeed inside instead into is isn it its itself just least less let ll m
many may maybe me might mine more most much must my myself near nearly neither never nevertheless no nobody none nor not
nothing now nowhere o of off often on once one ones only onto or other others otherwise ought our ours ourselves out
outside over own per perhaps quite rather re really s same several shall she should shouldn since so some somebody
someone something sometimes somewhere soon still such t than that the their theirs them themselves then there therefore
these they this those though through throughout thus till to together too toward towards under unless until up upon us
ve versus very via was wasn we well were weren what whatever when whenever where wherever whether which whichever while
who whoever whole whom whose why will with within without won would wouldn yes yet you your yours yourself yourselves
"""

_CAPITALISED = """
apr april assn aug august ave blvd bros capt christmas cmdr co col corp cpl dec december dept det dr easter feb february
fri friday gen god gov hon ii iii inc iv jan january jr jul july jun june lady llc lord lt ltd maj mar march may mon
monday mr mrs ms nov november oct october plc prof rep rev sat saturday sen sep sept september sgt sir sr st sun sunday
supt thu thurs thursday tue tues tuesday univ wed wednesday
"""

_FREQUENT = """
able abroad access accident according account act action actor actress actually add added additionally address
administration adult advance age agency agent ago agree agreement ahead aid aim air alive ambassador amount angle animal
announce answer apart appeal apply approach area argue arm army art article ask asked assault associate association ate
attack attempt attend attention attorney author authority autumn avenue average award aware baby back bad bag ball ban
band bank bar base basic basin bath battle bay beach bear beat beautiful beauty bed began begin begun believe bell bent
best bet better big bill bird birth bit black blew block blood blow blown blue board boat body bomb bond bone book boom
border born boss bottom bought bound box boy branch break bred bridge brief bright bring broke broken brother brought
brown budget build building built bull burn bus bush business busy buy cabinet cable call called calm camp campaign
campus cancer candidate canyon cape capital captain car card care career carry case cash cast castle cat catch caught
cause cell center central centre century certain certainly chair chairman chance chancellor change channel chapel charge
chart chase check chief child children choice chose chosen church cinema circle citizen city civil claim class clean
clear clearly clerk cliff clinic clock close closed club coach coal coast code coffee cold collect college colonel color
column come coming comment commission commissioner committee common community company complete computer concern
concerning condition conference congress consider contact content contest continue contract control cook cool copy corn
corner correct cost council count country county couple courage course court cover cow craft crash create credit creek
crew crime crisis cross crown cruise cup current currently custom customer cut cycle dad daily damage dance danger dark
data date daughter day days dead deal dealt dean dear death debate debt decade decide decision deep defense degree delay
deliver demand department depth deputy desert design despite detail detective develop development device die diet
difference different difficult dinner direct director discovery discussion disease district divide division doctor dog
dollar door double downstairs downtown draft drama draw drawn dream dress drew drink drive driven driver drop drove drug
dry due dug dust duty earlier early earth east eastern easy eat economic economy edge editor education effect effort egg
eight election eleven email emergency employ employee empty end enemy energy engine enjoy enter entertainment entire
equal era escape especially estate evening event eventually evidence exact exactly example exchange executive expect
experience expert explain express eye face fact factor factory fail fair faith fall false family famous fan far fare
farm farmer fashion fast fat fate father fault favor fear feature fed federal fee feed feel feet fell fellow female
field fight figure file fill film final finally finance find fine finger finish fire firm first fish fit five fix flag
flat fled flew flight floor flow flower flown flung fly focus follow following food foot football force foreign forest
forgave forget forgot form former fort forward fought found foundation four frame free freedom fresh friend front froze
fruit fuel full fully fun fund funny furthermore future gain game garage garden gas gate gather gave general gift girl
give given glad glass goal gold golden golf good government governor grace grade grand grant grass grave gray great
green grew grey ground group grow grown growth guard guess guest guide gun guy hair half hall hand hang happen happy
harbor hard hat head heal health hear heard heart heat heavy height held hell help hero hid hidden high highway hill
hire history hit hold hole holiday home homes hope horse hospital host hot hotel hour house housing huge human hundred
hung hunt hurt ice idea ill image impact important including income increase indoor industry information inn inner
insurance interest international internet interview investigation investment iron island issue item jail job join joint
joke judge jump jury justice keep kept key kid kill kind king kitchen knelt knew knife knives know known lack laid lake
land lane language large last late lately later latest law lawyer lay lead leader league leapt learn leave leaves led
left leg legal lent lesson letter level liberty library lie life light like likely limit line link list listen lit
literature little live lives living load loan lobby local lock long look lose loss lost lot loud love low lower luck
lunch machine made magazine mail main mainly major make makes male mall man manage manager manor map mark market
marriage marry master match material matter mayor mean means meant meanwhile measure meat media medical medicine medium
meet meeting member memory men mention message met metal meter method mice middle midnight mile miles military milk mill
million mind mineral minister minor minute mirror miss mission mobile mode model modern mom moment money month monthly
monument moon moral moreover morning mostly mother motion motor mountain mouth move movement movie murder museum music
name named narrow nation national native natural nature nearby neck need network new news next nice night nine noise
noon normal north northeast northern northwest nose note notice number nurse ocean offer office officer official oil old
open opening opinion opportunity option order organization original originally outdoor outer overall owner pace pack
page paid pain paint pair panel paper parade parent park parking part particular partly partner party pass past path
patient pattern pay peace peak people percent perfect period person phone photo piano pick picture piece pilot pink pipe
place plain plan plane planet plant plate play player please pleasure plenty plus pocket point pole police policy
political politics pool poor pop popular population port position positive possible post potato pound power practice
present president press pretty prevent price pride primary prince princess principal print prison private prize pro
probably problem process produce product professor profit program progress project property protect proud provide
province public pull purple purpose push put quality quarter queen question quick quiet race radio rain raise ran rang
range rank rare rate reach read reading ready real reason receive recent recently record red reform regarding region
relationship release relief remain remember rent report republic rescue research reserve resort rest result retail
return review rice rich rid ride right ring rise risen risk river road rock rode role roll roof room root round route
row royal rule run rural sad safe safety said sail salary sale sales salt sand sang sank save saw say scene schedule
school science score sea search season seat second secret secretary section security see seed seek seem seen select sell
senate senator send senior sense sent separate sergeant series serious serve service session set settle seven sewn shake
shape share sharp sheep sheet shell sheriff shift shine ship shirt shock shone shook shoot shop shore short shot show
shower shown shrank shut side sight sign signal silver similar simple simply sing singer single sister sit site
situation six size skill skin sky sleep slept slid slide slit slow small smart smile smoke snow social society soft soil
sold soldier solid solution son song sorry sort sought soul sound source south southeast southern southwest space speak
special speech speed spend spent spirit split spoke spoken spokesman spokeswoman sport sports spot sprang spread spring
spun square staff stage stand standard stank star start state statement station statue stay steel step stick stock stole
stolen stone stood stop store storm story straight strange stranger stream street strength stress strike string strip
strong struck stuck student study stuff stung style subject success sudden suffer sugar suit summer summit super
superintendent supply support supreme sure surface surprise swam sweet swept swim switch swore sworn swung system table
tail take taken talk tall tank tape target task taught tax tea teach teacher team tear technology teeth television tell
temple ten tend term test text thank thanks theater theory thing think third thought thousand three threw thrown ticket
tie time times tip title today told tomorrow tone tonight took tool top tore torn total touch tour tower town track
trade traffic trail train training transport travel treat treatment tree trial trip troop trouble truck true trust truth
try turn twelve twenty two type understood union unit university upper upstairs uptown urban use used using usual
usually valley value van various vehicle victory video view village violence virtual vision visit voice volume vote wait
walk wall want war ward warm warning wash watch water wave way weak wealth weapon wear weather website wedding week
weekend weekly weight welcome went wept west western wet wheel white wide wife wild win wind window wine wing winner
winter wire wise wish wives woke wolves woman women wonder wood woods word wore work worker works world worn worry worth
wound wove write writer written wrong wrote yard year yearly years yellow yesterday yield young youth zero zone
"""

#: Words of grammar: articles, pronouns, prepositions, conjunctions, auxiliaries, and what is left of contractions.
FUNCTION_WORDS = frozenset(_FUNCTION.split())

#: Words that are written with a capital whatever they mean: months, days, titles, forms of companies and of streets.
CAPITALISED_WORDS = frozenset(_CAPITALISED.split())

#: All of these, and the most frequent nouns, verbs, adjectives and adverbs, with an s too.
ORDINARY_WORDS = FUNCTION_WORDS | CAPITALISED_WORDS | {word + s for word in _FREQUENT.split() for s in ("", "s")}
