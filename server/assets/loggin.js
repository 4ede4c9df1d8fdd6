/*! Written by node/web/scripts/pages.mjs. @loggin/web, and lean-qr:

MIT License

Copyright (c) 2021-2025 David Evans

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
*/
var m=Symbol.for("@loggin/sdk.error"),h=class extends Error{static[m]="LogginError";constructor({code:e,message:n,retryable:o=!1,...r}){super(n),Object.assign(this,
Ke({code:e,retryable:o,...r}))}static[Symbol.hasInstance](e){return vt(e,this)}get name(){return this.constructor[m]}toJSON(){return{name:this.name,message:this.
message,...Ke({...this})}}};function T(t){return t instanceof h}function Ke(t){return Object.fromEntries(Object.entries(t).filter(([,e])=>e!=null))}function vt(t,e){
return Object.hasOwn(e,m)?kt(t).includes(e[m]):Function.prototype[Symbol.hasInstance].call(e,t)}function kt(t){let e=[],n=typeof t=="object"?t?.constructor:void 0;
for(;typeof n=="function";)Object.hasOwn(n,m)&&e.push(n[m]),n=Object.getPrototypeOf(n);return e}var P=class extends h{static[m]="AlreadyUsedError"},U=class extends h{static[m]="AuthenticationError"},$=class extends h{static[m]="BlockedError"},j=class extends h{static[m]="\
ClosedError"},B=class extends h{static[m]="ConnectionFailedError"},G=class extends h{static[m]="DeniedError"},F=class extends h{static[m]="ExpiredError"},Y=class extends h{static[m]="\
InvalidCodeError"},q=class extends h{static[m]="InvalidInputError"},H=class extends h{static[m]="PhoneHiddenError"},V=class extends h{static[m]="QuotaExceededEr\
ror"},X=class extends h{static[m]="RateLimitError"},k=class extends h{static[m]="ServerError"},z=class extends h{static[m]="VerifyTimeoutError"};var De=new WeakMap,W=t=>De.get(t)??t.reason??Object.assign(new Error("This operation was aborted."),{name:"AbortError"});function O(t){if(t?.aborted)throw W(t)}
var y=class extends AbortController{#e;#t;constructor(e){super(),this.#e=e,e?.addEventListener("abort",this.#n),e?.aborted&&this.#n()}#n=()=>this.abort(W(this.#e));abort(e){
e!==void 0&&!this.signal.aborted&&De.set(this.signal,e),super.abort(e)}after(e,n){clearTimeout(this.#t);let o=e-2147483647;e<=0?n():o>0?this.#t=setTimeout(()=>this.
after(o,n),2147483647):this.#t=setTimeout(n,e)}abortAfter(e,n){this.after(e,()=>this.abort(n))}release(){clearTimeout(this.#t),this.#e?.removeEventListener("abo\
rt",this.#n)}},J=(t,e)=>new Promise(n=>{let o=()=>{clearTimeout(r),e.removeEventListener("abort",o),n()},r=setTimeout(o,t);e.addEventListener("abort",o),e.aborted&&
o()});function Q(t,e,n,o=crypto.getRandomValues(new Uint32Array(2))){let r=e<6e4?1500:15e3,s=Math.min(250*2**t,r),i=Math.ceil(Math.min(n,6e4)),c=Math.floor(Pe(i,o[1])/
5);return Math.max(Pe(s,o[0]),i+c)}var Pe=(t,e)=>Math.floor(t*e/2**32);var Ue="connection internal invalid_response rate_limited unavailable",$e=[[P,"already_used"],[U,"invalid_signature unauthorized unknown_app"],[$,"blocked max_a\
ttempts"],[j,"closed"],[B,"connection"],[G,"denied"],[F,"expired session_not_found"],[Y,"invalid_code"],[q,"invalid_app_key invalid_config invalid_phone invalid\
_request invalid_token method_not_allowed not_found payload_too_large unsupported_media_type"],[H,"phone_hidden"],[V,"quota_exceeded"],[X,"rate_limited"],[z,"ti\
meout"]];function le(t){let e=$e.find(([,n])=>n.split(" ").includes(t));return e?e[0]:k}function pe(t){return!T(t)||t.constructor!==h?t:new(le(t.code))({...t,message:t.message})}
function C(t){try{return t()}catch(e){throw pe(e)}}var Lt=500,Mt=/^[a-z0-9_]{1,64}$/,_=(t,e,n)=>new h({code:t,message:e,retryable:Ue.split(" ").includes(t),...n}),b=t=>_("invalid_response","The server's response\
 is none of this protocol.",t),L=(t,e,n)=>typeof t=="string"&&Mt.test(t)?_(t,String(e??"").slice(0,Lt),n):b(n);function u(t,e,n){if(!t)throw _(e,n)}var de=1e4,It=65536,Nt={cache:"no-store",credentials:"omit",referrerPolicy:"no-referrer"};function ue(t,e,n,o,r){let s=Object.entries(Nt).filter(([i])=>i in Request.
prototype);return t.fetch(`${t.baseUrl}api/v1/${e}`,{...Object.fromEntries(s),method:"POST",headers:{Accept:o,"Content-Type":"application/json",...t.headers?.()},
body:JSON.stringify(n),redirect:"manual",signal:r})}var he=(t,e)=>t.status===200&&Be(t,e),Be=({headers:t},e)=>(t.get("Content-Type")??"").toLowerCase().startsWith(
e);async function Z(t){let e=Be(t,"application/json")?await t.text():"";try{return Object(e.length>It||JSON.parse(e))}catch{return{}}}var Rt=t=>t===200?"protoco\
l":/^(0|3..)$/.test(`${t}`)?"redirect":`http_${t}`;async function me(t){let{error:e,message:n,attempts_left:o,request_id:r,retry_after:s}=await Z(t),{headers:i,
status:c}=t;return L(e,n,{status:c,cause:typeof e=="string"?void 0:Rt(c),attemptsLeft:o,requestId:r??i.get("X-Request-Id")??void 0,retryAfter:je(s)??je(i.get("R\
etry-After"))})}function je(t){let e=String(t??"").trim(),n=/^[0-9.]+$/.test(e)?Number(e):(Date.parse(e)-Date.now())/1e3;return Number.isFinite(n)?Math.max(0,n):
void 0}var ee=t=>_("connection","The server was not reached.",{cause:t});async function Ge(t,e,n,o,r=de){let s=new y(o);s.abortAfter(r);try{O(s.signal);let i=await ue(
t,e,n,"application/json",s.signal);return he(i,"application/json")?await Z(i):await me(i)}catch{return O(o),ee(s.signal.aborted?"timeout":"other")}finally{s.release()}}var Ct=["connection","rate_limited","unavailable"],Kt=[408,429,502,503,504],Dt=5;async function M(t,e,n,o,r){let s=r??t.callTimeoutMs,i=performance.now(),c=()=>performance.
now()-i;for(let a=0;;a++){let f=await Ge(t,e,n,o,s-c());if(!T(f))return f;let{retryAfter:l=0}=f;if(a===t.maxRetries||!Pt(f)||l>Dt)throw f;let p=Q(a,c(),l*1e3);if(c()+
p>=s)throw f;await J(p,o)}}function Pt({code:t,status:e=0}){let n=le(t)===k&&t!=="send_failed";return Ct.includes(t)||n&&Kt.includes(e)}var Fe="Send this message to sign in. If you did not start a sign-in, do not send it. Code: {code}",Ut="{code}",$t=200,jt=/\+|\p{Surrogate}|(?![©®™])(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}|\u{fe0f}|\u{20e3})/u;
function Ye(t,e){let n=String(t).split(Ut),o=n.join(e);return u(n.length===2&&!jt.test(t)&&[...o].length<=$t,"invalid_request","Text: {code} once, no +, no emoj\
i, up to 200 characters."),o}function qe(t){let e=t.trim().replace(/^\+/,"").replace(/[ ()-]/g,"");return u(/^[1-9][0-9]{7,14}$/.test(e)&&!t.includes("(0)"),"in\
valid_config","A number is 8 to 15 digits with its country code."),e}var Bt=t=>encodeURIComponent(t).replace(/[!'()*]/g,e=>`%${e.charCodeAt(0).toString(16).toUpperCase()}`),
He=(t,e)=>`https://wa.me/${t}?text=${Bt(e)}`,Ve=(t,e,n)=>`${t}l/${e}${n?`?lang=${n}`:""}`;var w=(t,e)=>t>>>e|t<<32-e;function Xe(t,e){let n=[];for(let o=2;n.length<t;o++)n.every(r=>o%r)&&n.push(o);return n.map(o=>o**e%1*2**32|0)}var Gt=Xe(8,1/2),Ft=Xe(
64,1/3);function ze(t){let e=[...Gt],n=new Uint8Array(Math.ceil((t.length+9)/64)*64);n.set(t),n[t.length]=128;let o=new DataView(n.buffer);o.setUint32(n.length-
4,t.length*8);for(let s=0;s<n.length;s+=64)Yt(e,i=>o.getInt32(s+i*4));let r=new DataView(new ArrayBuffer(32));return e.forEach((s,i)=>{r.setInt32(i*4,s)}),new Uint8Array(
r.buffer)}function Yt(t,e){let n=[],[o,r,s,i,c,a,f,l]=t;Ft.forEach((p,d)=>{if(d<64/4)n[d]=e(d);else{let ae=n[d-15],fe=n[d-2],Tt=w(ae,7)^w(ae,18)^ae>>>3,At=w(fe,
17)^w(fe,19)^fe>>>10;n[d]=n[d-16]+Tt+n[d-7]+At|0}let g=w(c,6)^w(c,11)^w(c,25),E=w(o,2)^w(o,13)^w(o,22),x=l+g+(c&a^~c&f)+p+n[d]|0,v=E+(o&r^o&s^r&s)|0;[o,r,s,i,c,
a,f,l]=[x+v|0,o,r,s,i+x|0,c,a,f]}),[o,r,s,i,c,a,f,l].forEach((p,d)=>{t[d]=t[d]+p|0})}var qt="0123456789ABCDEFGHJKMNPQRSTVWXYZ",ge="[0-9A-TV-Z]",We=`(${ge}{8}_${ge}{32})$`,Ht=20,Vt=`loggin code v1
`,Xt=`loggin login id v1
`,zt=16,Je=(t,e)=>ze(new TextEncoder().encode(t+e));function Qe(t){let e="";for(let n=0;n<t.length*8;n+=5){let o=n>>3,r=t[o]<<8|(t[o+1]??0);e+=qt[r>>11-(n&7)&31]}
return e}function _e(t,e){let[,n=""]=new RegExp(t,"i").exec(e.trim())??[];return n.toUpperCase().replace(/O/g,"0").replace(/[IL]/g,"1")}var Ee=t=>crypto.getRandomValues(
new Uint8Array(t));function I(t){let e=typeof t=="string"&&_e(`^(${ge}{8})$`,t);return u(e,"invalid_app_key","An app key is 8 letters and digits."),e}function ye(t){
let e=typeof t=="string"&&_e(`^lgn1_${We}`,t);return u(e,"invalid_token","A token is lgn1_, app key, _ and 32 symbols."),`lgn1_${e}`}function Ze(t){let e=_e(`^l\
gsk_${We}`,t);return u(e,"invalid_config","A secret key has the form lgsk_, app key, _ and 32 symbols."),`lgsk_${e}`}var et=(t,e=Ee(Ht))=>`lgn1_${t}_${Qe(e)}`;function A(t){
let e=Qe(Je(Vt,t));return[t.slice(5,13),e.slice(0,5),e.slice(5,10),e.slice(10,15),e.slice(15,20)].join("-")}var tt=t=>Array.from(Je(Xt,A(t)).subarray(0,zt),e=>e.
toString(16).padStart(2,"0")).join("");var Wt="http://127.0.0.1:8787",Jt=/^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/,Qt=t=>Jt.test(t);function Zt(t,e){try{let{href:n,hostname:o,origin:r,
password:s,pathname:i,protocol:c,username:a}=new URL(t.trim());if((c==="https:"||e||Qt(o))&&c.startsWith("http")&&!a&&!s&&!/[?#]/.test(n))return r+i.replace(/\/*$/,
"/")}catch{}throw _("invalid_config","The base URL is https or on this machine, without user or query.")}function nt(t){let{allowInsecureHttp:e,baseUrl:n=Wt,whatsappNumber:o}=t;
return{baseUrl:Zt(n,e),whatsappNumber:o===void 0?o:qe(o),fetch:t.fetch??((...r)=>fetch(...r))}}function ot(t,e,n=Fe){let o=et(I(e)),r=A(o),s=Ye(n,r),{baseUrl:i,whatsappNumber:c,lang:a}=t;return{token:o,code:r,link:c?He(c,s):Ve(i,r,a)}}var we=Symbol.for("nodejs.util.inspect.custom"),en=2,rt=t=>`\u2026${t.slice(-en)}`,st=(t,e)=>Object.create(null,{...Object.getOwnPropertyDescriptors(Object.prototype),
[we]:{value(n,o,r){return`${t} ${r(e(this),o)}`}}}),it=(t,e)=>Object.assign(Object.create(t),e);var te=class{#e;constructor(e){this.#e=e}get token(){return this.#e.token}get link(){return this.#e.link}get code(){return this.#e.code}toJSON(){return{appKey:this.
code.slice(0,this.code.indexOf("-"))}}[we](e,n,o){return`CreatedToken ${o(this.toJSON(),n)}`}},tn=st("Session",({userId:t,...e})=>({...e,phone:e.phone&&rt(e.phone)})),
Oe=t=>it(tn,t);function S(t,e){let n=t==null||typeof t=="number"&&t>=0;u(n,e,"A timeout is a number of milliseconds, 0 or more.")}function ne(t,e){let n=t===void 0||typeof t==
"string"&&/^[!-~]{1,128}$/.test(t);u(n,e,"An idempotency key is 1 to 128 visible ASCII characters.")}function K(t,e,n="invalid_request"){u(typeof t=="object"&&t!==
null,n,"Options are an object.");let o=Object.keys(t).find(r=>!e.includes(r));return u(o===void 0,n,`There is no option ${o}; there are ${e.join(", ")}.`),t}var be=["none","reply","match","code"],Se=t=>be.includes(t);function N(t,e,n="none"){let{app_key:o,phone:r,user_id:s,confirmation:i,verified_at:c}=Object(t),a=Se(
i)?i:"none",f=new Date(c);if(typeof o!="string"||!(typeof r=="string"||r===null&&!e)||!(f.getTime()>0)||be.indexOf(a)<be.indexOf(n))throw b();return{appKey:o,phone:r,
userId:typeof s=="string"?s:null,confirmation:a,verifiedAt:f}}var oe=class extends Error{code;constructor(e){super(e),this.code=e}};function ct({onEvent:t,onRetry:e}){let n=new TextDecoder,o="",r=!1,s="",i="",c=a=>{if(!a){
i&&t(s||"message",i.slice(0,-1)),s=i="";return}let[,f,l=""]=/^([^:]*)(?:: ?(.*))?$/s.exec(a);if(f==="event")s=l;else if(f==="data"){if(i.length+l.length>262144)
throw new oe("event_too_long");i+=`${l}
`}else f==="retry"&&/^[0-9]+$/.test(l)&&e(Math.min(Number(l),Number.MAX_SAFE_INTEGER))};return a=>{let f=n.decode(a,{stream:!0});if(!f)return;r&&f[0]===`
`&&(f=f.slice(1)),r=f.endsWith("\r");let l=f.split(/\r\n?|\n/);for(let[p,d]of l.entries()){if(o+=d,o.length>65536)throw new oe("line_too_long");if(p<l.length-1){
let g=o;o="",c(g)}}}}var at=["visibilitychange","pageshow","online"];function ft(t){let{document:e,window:n}=globalThis,o=()=>e?.visibilityState==="hidden",r=o()?Date.now():void 0,s=!1,i=Date.now(),c=({type:f})=>{if(s||=f!=="visi\
bilitychange",o()){r??=Date.now();return}let l=r!==void 0&&Date.now()-r>5e3;t(s||l),r=void 0,s=!1,i=Date.now()},a=setInterval(()=>{Date.now()-i>5e3&&c({}),i=Date.
now()},2e3);for(let f of at)n?.addEventListener?.(f,c);return()=>{clearInterval(a);for(let f of at)n?.removeEventListener?.(f,c)}}var lt="text/event-stream",Ae=/^[\da-z_]{1,39}$/,on=/^\d\d$/,rn=1e4,sn=4,cn=45e3,an=35e3,fn=1e3,ln=500,pn=2e4,dn=1e4,un=8e3,hn=[400,401,403,404],ve=3e5,xe=class extends y{began=performance.
now();receivedAt=this.began;isRest=!1;hasReceived=!1;isNews=!1;isAwoken=!1;isKeptBack=!1;hintMs=0;problem;end;awake(){this.isAwoken=!0,this.abort()}keepBack(){this.
isKeptBack=!0,this.abort()}},Te=class{#e;#t;#n;#r;#o;#i="connecting";#s=ee("timeout");#c;constructor(e,n,o){this.#e=e,this.#t=n,this.#n=o}wake(e,n=ln){let o=this.#o,
r=performance.now();o&&(e||o.isRest||r-o.receivedAt>pn)&&r-o.began>=n&&o.awake()}renew(){this.#o?.awake()}async run(){let e=0,n=0,o=performance.now();for(;;){let r=this.#l(),
s=e>0;try{await(s?this.#g(r):this.#m(r))}catch{}if(r.release(),r.abort(),r.end)return r.end;let{isAwoken:i,hasReceived:c,isKeptBack:a,isNews:f}=r;!c&&!i&&!a&&this.#u(
r.problem);let l=performance.now()-r.began>=dn;(i||f||c&&(s||l))&&(n=0,o=performance.now()),a?e=sn:f||(e=s&&c&&!i?e-1:0),!i&&!a&&await this.#h(Q(n++,performance.
now()-o,r.hintMs),r.hintMs)}}release(){clearTimeout(this.#c)}timeout(){return _("timeout","Nobody signed in before the wait was over.",{cause:this.#s?.cause})}#u(e=ee(
"other")){this.#s=e,(this.#i==="open"||this.#c===void 0)&&(this.#a("connecting"),this.#c=setTimeout(()=>this.#a("lost",this.#s),un))}#f(e){e.hasReceived=!0,this.
release(),this.#s=void 0,this.#a("open")}#a(e,n){if(e!==this.#i){this.#i=e;let{onConnection:o}=this.#t;queueMicrotask(()=>o?.(e,n))}}#l(){return O(this.#n),this.#o=
new xe(this.#n),this.#o}async#h(e,n){let o=performance.now(),r=o+e;for(let s=e;s>0;s=r-performance.now()){let i=this.#l();i.isRest=!0,await J(s,i.signal),i.release(),
i.signal.aborted&&(r=o+Math.min(n,6e4))}}async#m(e){e.after(rn,()=>e.keepBack());let n=await this.#p(e,lt);if(!n)return;let o=n.body?.getReader()??e.keepBack(),
r=ct({onEvent:(s,i)=>this.#d(e,s,()=>JSON.parse(i)),onRetry:s=>{e.hintMs=s}});for(;o&&!e.end;){let{value:s}=await o.read();if(!s)return;e.receivedAt=performance.
now(),r(s),e.hasReceived&&e.abortAfter(cn)}}async#g(e){e.abortAfter(an);let n=await this.#p(e,"application/json");if(n){let{events:o}=await Z(n);for(let r of o){
let{event:s,data:i}=Object(r);this.#d(e,s,()=>i)}(e.isNews||performance.now()-e.began>=fn)&&this.#f(e)}}async#p(e,n){let{claim:o,confirm:r,returnTo:s,token:i}=this.#t,
c=await ue(this.#e,"tokens/events",{tokens:[i],claim:o,confirm:r,return_to:s?.(),known:this.#_(n)},n,e.signal);if(he(c,n))return c;let a=await me(c);(hn.includes(
c.status)&&a.code!=="invalid_response"||a.code==="quota_exceeded")&&(e.end=a),e.problem=a,e.hintMs=(a.retryAfter??0)*1e3}#_(e){return this.#r&&e!==lt?{[this.#t.
code]:this.#r}:void 0}#d(e,n,o){if(n==="ready"&&this.#f(e),e.end||!/^(progress|verified|rejected)$/.test(n))return;let{claim:r,confirm:s,onProgress:i}=this.#t;try{
let{code:c,error:a,match:f,message:l,session:p,status:d,token_index:g}=Object(o());if(c!==this.#t.code&&g!==0)return;if(n==="verified")e.end=N(p,r,s);else if(n===
"rejected")e.end=L(a,l);else if(d!==this.#r&&typeof d=="string"&&Ae.test(d)){this.#r=d,e.isNews=!0;let E=typeof f=="string"&&on.test(f)?[f]:[];queueMicrotask(()=>i?.(
d,...E))}}catch(c){e.end=T(c)?c:void 0}}};async function pt(t,e){let{signal:n,timeoutMs:o=ve,wakes:r}=e,s=new y(n),i=new Te(t,e,s.signal),c=Date.now()+o,a=()=>s.
abort(i.timeout());s.after(o,a);let f=ft(p=>Date.now()<c?i.wake(p):a()),l=()=>i.renew();r?.add(l);try{O(s.signal);let p=await i.run();if(T(p))throw p;return p}finally{
r?.delete(l),f(),i.release(),s.release()}}var mn="0.1.0",gn=2,_n=10,En=16,dt=5,yn=8,wn=/^[0-9a-tv-z]{8}$/i,On=t=>t.toString(16).padStart(2,"0"),ut={allowInsecureHttp:"boolean",appKey:"string",baseUrl:"s\
tring",callTimeoutMs:"number",fetch:"function",idempotencyKey:"string",maxRetries:"number",secretKey:"string",timeoutMs:"number",whatsappNumber:"string"},bn={appKey:"\
LOGGIN_APP_KEY",baseUrl:"LOGGIN_BASE_URL",secretKey:"LOGGIN_SECRET_KEY",whatsappNumber:"LOGGIN_WHATSAPP_NUMBER"};function D(){let{document:t,importScripts:e,navigator:n}=globalThis,
o=n?.product;return t!==void 0||e!==void 0||o==="ReactNative"}function ht(t){try{let{process:e}=globalThis;return!D()&&e?.env?.[t]?.trim()||void 0}catch{return}}
function Sn(){let t=Object.entries(bn).map(([e,n])=>[e,ht(n)]);return Object.fromEntries(t.filter(([,e])=>e))}var mt=()=>ht("NODE_ENV")==="production";function ke(t){
let e=(d,g)=>u(d,"invalid_config",g),n=K(t,Object.keys(ut),"invalid_config"),o=Object.entries(n).filter(([,d])=>d!=null);for(let[d,g]of o){let E=ut[d];e(typeof g===
E,`The option ${d} is a ${E}.`)}let r={...Sn(),...Object.fromEntries(o)},{maxRetries:s=gn,secretKey:i}=r,{callTimeoutMs:c=de,timeoutMs:a=ve}=r;e(!i||!D(),"A sec\
ret key stays on the server: everybody can read what a browser has."),e(Number.isInteger(s)&&s>=0&&s<=_n,"maxRetries is a whole number from 0 to 10."),S(a,"inva\
lid_config"),S(c,"invalid_config");let f=r.idempotencyKey;ne(f,"invalid_config");let l=i===void 0?i:Ze(i),p=()=>(f??=Array.from(Ee(En),On).join(""),{"Idempotenc\
y-Key":f,...!D()&&{"User-Agent":`loggin-web/${mn}`},...l&&{Authorization:`Bearer ${l}`}});return{...nt(r),appKey:xn(r,t,l),headers:p,maxRetries:s,callTimeoutMs:c,
timeoutMs:a}}function xn(t,e,n){let o=n?.slice(dt,dt+yn),r=e.secretKey&&e.appKey==null?void 0:t.appKey;if(r===void 0)return o;u(wn.test(r.trim()),"invalid_confi\
g","The option appKey is 8 letters and digits.");let s=I(r);return u(!o||o===s,"invalid_config","The secret key belongs to another app."),s}var Le=new WeakMap;function re(t,e){let{callbacks:n,listener:o}=Le.get(t)??Tn(t);return n.add(e),()=>{n.delete(e)&&n.size===0&&(t.removeEventListener("abort",o),
Le.delete(t))}}function Tn(t){let e=new Set,n=()=>{for(let r of e)r()};t.addEventListener("abort",n);let o={callbacks:e,listener:n};return Le.set(t,o),o}async function gt(t,e,n,o){let{events:r}=await M(t,"tokens/events",{tokens:[e,""],claim:!1},n,o);if(!Array.isArray(r))throw b();let s="pending";for(let i of r){
let{event:c,data:a}=Object(i),{code:f,error:l,message:p,session:d,status:g,token_index:E}=Object(a);if(!(f!==A(e)&&E!==0)){if(c==="rejected")throw L(l,p);c==="v\
erified"?(N(d,!1),s=c):c==="progress"&&typeof g=="string"&&Ae.test(g)&&(s=g)}}return s}async function*_t(t,e){let n=new AbortController,o=()=>n.abort(e?.reason),r=e&&re(e,o);e?.aborted&&o();let s,i=!1,c=()=>{},a=(p,d)=>{s={status:p,session:null,...d!==
void 0&&{match:d}},c()},f=()=>{r?.(),i=!0,c()},l=t({signal:n.signal,onProgress:a});l.then(f,f);try{for(;;)if(s===void 0&&!i&&await new Promise(p=>{c=p}),s!==void 0&&
!n.signal.aborted){let p=s;s=void 0,yield p}else if(i||n.signal.aborted){yield{status:"verified",session:await l};return}}finally{n.abort()}}function An(t){let{text:e,lang:n}=K(t,["lang","text"]);return u(e==null||typeof e=="string","invalid_request","The text is a string."),u(n==null||vn(n),"invalid\
_request","The language is a tag such as pt-BR."),[e??void 0,n??void 0]}var vn=t=>typeof t=="string"&&/^[a-z0-9]{1,8}(-[a-z0-9]{1,8})*$/i.test(t),Ie=["appKey","\
idempotencyKey","signal","timeoutMs"],Me=[...Ie,"confirm"],kn=100,Ln=[5,13];function se(t,e,n,o){let r=ye(t),s=e.appKey==null?n.appKey:I(e.appKey);u(s||!o||!mt(),
"invalid_config","Set LOGGIN_APP_KEY, LOGGIN_SECRET_KEY or the option appKey: without them tokens of anybody's app would sign in here.");let i=!s||r.slice(...Ln)===
s;return u(i,"unknown_app","The token was made for another app."),r}function Et(t,e){let{signal:n}=K(t,e),o=n==null||typeof n.addEventListener=="function";return u(
o,"invalid_request","signal is an AbortSignal."),n}function yt({confirm:t}){let e=t==null||Se(t);return u(e,"invalid_request","confirm is 'none', 'reply', 'matc\
h' or 'code'."),t??void 0}function wt(t,{idempotencyKey:e}){return ne(e,"invalid_request"),e===void 0?t:{...t,headers:()=>({...t.headers?.(),"Idempotency-Key":e})}}
var Mn={},ie=class{#e=new y;#t=new Set;#n;constructor(e={}){e!==Mn&&(this.#n=C(()=>ke(e)))}#r(){return this.#n??=ke({}),this.#n}createToken(e,n={}){return C(()=>{
let o=this.#r(),[r,s]=An(n);return u(!r||o.whatsappNumber,"invalid_config","A text needs whatsappNumber: without it the server writes the message."),new te(ot({
...o,lang:s},e,r))})}async waitForVerify(e,n={}){return await this.#o(n,[...Me,"onProgress","returnTo"],async(o,r)=>{let{onProgress:s,returnTo:i}=n,c=n.timeoutMs??
o.timeoutMs;S(c,"invalid_request"),u(s==null||typeof s=="function","invalid_request","onProgress is a function."),u(i==null||typeof i=="string","invalid_request",
"returnTo is a string.");let a=!D(),f=se(e,n,o,a),l={token:f,code:A(f),claim:a,confirm:yt(n),onProgress:s,returnTo:()=>i??void 0,signal:r,timeoutMs:c,wakes:this.#t};
return Oe(await pt(wt(o,n),l))})}async*watch(e,n={}){let o=C(()=>Et(n,Me));yield*_t(r=>this.waitForVerify(e,{...n,...r}),o)}async status(e,n={}){return await this.#o(
n,Ie,async(o,r)=>{let s=se(e,n,o,!1);return S(n.timeoutMs,"invalid_request"),await gt(o,s,r,n.timeoutMs)})}async verifyToken(e,n={}){return await this.#o(n,Me,async(o,r)=>{
let s=yt(n),i={token:se(e,n,o,!0),confirm:s};S(n.timeoutMs,"invalid_request");let c=wt(o,n),a=await M(c,"tokens/verify",i,r,n.timeoutMs);return a.status==="pend\
ing"?null:(u(a.status==="verified","invalid_response","The response has no status that is known."),Oe(N(a,!0,s)))})}async confirm(e,n,o={}){return await this.#o(
o,Ie,async(r,s)=>{u(typeof n=="string","invalid_request","The confirmation code is a string.");let c={token:se(e,o,r,!1),confirmation_code:n};S(o.timeoutMs,"inv\
alid_request");let{status:a}=await M(r,"tokens/confirm",c,s,o.timeoutMs);if(a!=="verified")throw b()})}loginId(e){return C(()=>tt(ye(e)))}async deniedLogins(e,n={}){
return await this.#o(n,["signal"],async(o,r)=>{let s=Array.isArray(e)&&e.every(c=>typeof c=="string");if(u(s&&e.length<=kn,"invalid_request","loginIds: up to 10\
0 strings."),!e.length)return[];let{denied:i}=await M(o,"tokens/denied",{login_ids:e},r);if(!Array.isArray(i))throw b();return i})}resume(){for(let e of this.#t)
e()}close(){this.#e.abort(_("closed","The client is closed."))}[Symbol.dispose](){this.close()}async#o(e,n,o){let r=[];try{let s=Et(e,n),i=new y;for(let c of[s,
this.#e.signal])c&&(O(c),r.push(re(c,()=>i.abort(W(c)))));return await o(this.#r(),i.signal)}catch(s){throw pe(s)}finally{for(let s of r)s()}}};var In=[.2,.375,.5555555555555556,.6666666666666666],Nn=(t,e)=>n=>{let o=4*t+n-4,r="*-04-39?2$%%$%%'$%''%'''%')(%'))%(++'(++'(+.'+-.',/3',33)-/5)-43).36)058*18<\
+37<+4:<,4:E,5<A-7>C/8@F/:EH/<EK0=FM1?IP2@KS3BNV4DPY5FS\\6HV_6IXb7K[e8N^i9Pam;Rdp<Tgt".charCodeAt(o)-35,s=o>8?r:1,i=e/s|0,c=e%s,a=s-c,f=o>8?i*In[n]+(t>5)&-2:r,l=i-
f;return{t:a*l+c*l+c,o:[[a,l],[c,l+1]],l:f}},Rn={L:0,M:1,Q:2,H:3},R=t=>new Uint8Array(t),Ne=t=>{let e=new Error(`lean-qr error ${t}`);throw e.code=t,e},Re=(t,e=t*
t,n=R(e))=>({size:t,i:n,get:(o,r)=>o>=0&&o<t&&!!(1&n[r*t+o]),u(o,{on:r=[0,0,0],off:s=[0,0,0,0],pad:i=4,padX:c=i,padY:a=i}={}){let f=t+2*c,l=t+2*a,p=o.createImageData(
f,l),d=new Uint32Array(p.data.buffer);p.data.set([...r,255]);let g=d[0];p.data.set([...s,255]);let E=d[0];for(let x=0;x<l;++x)for(let v=0;v<f;++v)d[x*f+v]=this.
get(v-c,x-a)?g:E;return p},toCanvas(o,r){let s=o.getContext("2d"),i=this.u(s,r);o.width=i.width,o.height=i.height,s.putImageData(i,0,0)}}),Cn=[(t,e)=>1&(t^e),(t,e)=>1&
e,t=>t%3,(t,e)=>(t+e)%3,(t,e)=>1&(t/3^e>>1),(t,e)=>(t&e&1)+t*e%3,(t,e)=>(t&e)+t*e%3&1,(t,e)=>(t^e)+t*e%3&1],ce=R(511);for(let t=0,e=1;t<255;e=2*e^285*(e>127))ce[ce[e+
255]=t++]=e;var bt=t=>ce[t%255],St=t=>ce[t+255],Kn=(t,e)=>{let n=R(t.length+e.length-1);for(let o=0;o<t.length;++o)for(let r=0;r<e.length;++r)n[o+r]^=bt(t[o]+e[r]);
return n.map(St)},Dn=(t,e)=>{let n=R(t.length+e.length-1);n.set(t,0);for(let o=0;o<t.length;++o)if(n[o]){let r=St(n[o]);for(let s=0;s<e.length;++s)n[o+s]^=bt(e[s]+
r)}return n.slice(t.length)},Ce=[[0],[0,0]];for(let t=1;t<30;++t)Ce.push(Kn(Ce[t],[0,t]));var Pn=(t,e)=>{let n=[[],[]],o=0,r=0;for(let[i,c]of e.o)for(let a=0;a<
i;++a,o+=c){let f=t.slice(o,o+c);n[0].push(f),n[1].push(Dn(f,Ce[e.l])),r+=c+e.l}let s=R(r);r=0;for(let i of n)for(let c=0,a=-1;a<r;++c){a=r;for(let f of i)c<f.length&&
(s[r++]=f[c])}return s},xt=(t,e,n)=>{let o=t<<=n;for(let r=134217728;r>>=1;)o&r&&(o^=e*(r>>n));return o|t},Un=({size:t,i:e},n)=>{let o=(i,c,a,f)=>{for(;a-- >0;i+=
t)e.fill(f,i,i+c)},r=(i,c,a)=>{for(let f=0;f++<3;a-=2)o(c*t+i-(a>>1)*(t+1),a,a,2|f)},s=2*((t-13)/(1+(n/7|0))/2+.75|0);if(n>1)for(let i=t-7;i>8;i-=s){for(let c=i;c>
8;c-=s)r(i,c,5);i<t-7&&r(i,6,5)}if(n>6)for(let i=xt(n,7973,12),c=1;c<7;++c)for(let a=12;a-- >9;i>>=1)e[c*t-a]=2|1&i;o(7,2,9,2),o(t-8,8,9,2);for(let i=0;i<t;++i)
e[6*t+i]=3^1&i;r(3,3,7),r(t-4,3,7);for(let i=0;i<t;++i)for(let c=i;c<t;++c)e[c*t+i]=e[i*t+c];e[(t-8)*t+8]=3},$n=({size:t,i:e})=>{let n=[];for(let o=t-2,r=t,s=-1;o>=
0;o-=2){for(o===5&&(o=4);r+=s,r!==-1&&r!==t;){let i=r*t+o;e[i+1]||n.push(i+1),e[i]||n.push(i)}s*=-1}return n},jn=({i:t},e,n)=>e.forEach((o,r)=>t[o]=n[r>>3]>>(7&
~r)&1),Bn=({size:t,i:e},n,o,r)=>{for(let i=0;i<t;++i)for(let c=0;c<t;++c){let a=i*t+c;e[a]^=!(n(c,i)||2&e[a])}let s=21522^xt((1^r)<<3|o,1335,10);for(let i=0;i++<
8;s>>=1)e[(i-(i<7))*t+8]=1&s,e[9*t-i]=1&s;for(let i=8;--i,s;s>>=1)e[8*t+i-(i<7)]=1&s,e[(t-i)*t+8]=1&s},Gn=({size:t,i:e},n=0,o=0)=>{for(let r=0;r<t;++r){for(let s=0;s<
2;++s)for(let i,c=0,a=0,f=2;c<t;++c){let l=1&e[s?r*t+c:c*t+r];o+=l,a=(a>>1|2098176)&(3047517^l-1),2049&a&&(n+=40),l^f&&(i=0),f=l,n+=++i===5?3:i>5}if(r)for(let s=t+
r,i=5*e[r-1]^e[r];s<t*t;s+=t){let c=5*e[s-1]^e[s];n+=3*!(1&(i|c)|4&(i^c)),i=c}}return n+10*(10*Math.abs(o/(t*t)-1)|0)},Ot=[],Fn=(t=Ne(1),{minCorrectionLevel:e=0,
minVersion:n=1}={})=>{typeof t!="string"&&Ne(5),t=new TextEncoder().encode(t);let o=R(2957);o.set([113,164,t.length>>8]);for(let r=n;r<41;++r){let s=Ot[r];s||(Ot[r]=
s=Re(4*r+17),Un(s,r),s.p=$n(s));let i=Nn(r,s.p.length>>3)(e);if(i.t>=3+(r>9)+t.length){let c=r>9?3:2;for(o[c++]=t.length,o.set(t,c),c+=t.length-1;c<2954;o.set([
236,17],c+=2));let a=Re(s.size,s.i);return jn(a,s.p,Pn(o,i)),Cn.map((f,l)=>{let p=Re(a.size,a.i);return Bn(p,f,l,e),p.s=Gn(p),p}).sort((f,l)=>f.s-l.s)[0]}}Ne(4)};export{ie as Loggin,Rn as correction,Fn as generate};
