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
De({code:e,retryable:o,...r}))}static[Symbol.hasInstance](e){return Mt(e,this)}get name(){return this.constructor[m]}toJSON(){return{name:this.name,message:this.
message,...De({...this})}}};function A(t){return t instanceof h}function De(t){return Object.fromEntries(Object.entries(t).filter(([,e])=>e!=null))}function Mt(t,e){
return Object.hasOwn(e,m)?It(t).includes(e[m]):Function.prototype[Symbol.hasInstance].call(e,t)}function It(t){let e=[],n=typeof t=="object"?t?.constructor:void 0;
for(;typeof n=="function";)Object.hasOwn(n,m)&&e.push(n[m]),n=Object.getPrototypeOf(n);return e}var j=class extends h{static[m]="AlreadyUsedError"},$=class extends h{static[m]="AuthenticationError"},B=class extends h{static[m]="BlockedError"},G=class extends h{static[m]="\
ClosedError"},q=class extends h{static[m]="ConnectionFailedError"},F=class extends h{static[m]="DeniedError"},Y=class extends h{static[m]="ExpiredError"},H=class extends h{static[m]="\
InvalidCodeError"},V=class extends h{static[m]="InvalidInputError"},X=class extends h{static[m]="PhoneHiddenError"},z=class extends h{static[m]="QuotaExceededEr\
ror"},W=class extends h{static[m]="RateLimitError"},L=class extends h{static[m]="ServerError"},J=class extends h{static[m]="VerifyTimeoutError"};var Ue=new WeakMap,Q=t=>Ue.get(t)??t.reason??Object.assign(new Error("This operation was aborted."),{name:"AbortError"});function S(t){if(t?.aborted)throw Q(t)}
var y=class extends AbortController{#t;#e;constructor(e){super(),this.#t=e,e?.addEventListener("abort",this.#n),e?.aborted&&this.#n()}#n=()=>this.abort(Q(this.#t));abort(e){
e!==void 0&&!this.signal.aborted&&Ue.set(this.signal,e),super.abort(e)}after(e,n){clearTimeout(this.#e);let o=e-2147483647;e<=0?n():o>0?this.#e=setTimeout(()=>this.
after(o,n),2147483647):this.#e=setTimeout(n,e)}abortAfter(e,n){this.after(e,()=>this.abort(n))}release(){clearTimeout(this.#e),this.#t?.removeEventListener("abo\
rt",this.#n)}},Z=(t,e)=>new Promise(n=>{let o=()=>{clearTimeout(r),e.removeEventListener("abort",o),n()},r=setTimeout(o,t);e.addEventListener("abort",o),e.aborted&&
o()});function ee(t,e,n,o=crypto.getRandomValues(new Uint32Array(2))){let r=e<6e4?1500:15e3,s=Math.min(250*2**t,r),i=Math.ceil(Math.min(n,6e4)),c=Math.floor(je(i,o[1])/
5);return Math.max(je(s,o[0]),i+c)}var je=(t,e)=>Math.floor(t*e/2**32);var $e="connection internal invalid_response rate_limited unavailable",Be=[[j,"already_used"],[$,"invalid_signature unauthorized unknown_app"],[B,"blocked max_a\
ttempts"],[G,"closed"],[q,"connection"],[F,"denied"],[Y,"expired session_not_found"],[H,"invalid_code"],[V,"invalid_app_key invalid_config invalid_phone invalid\
_request invalid_token method_not_allowed not_found payload_too_large unsupported_media_type"],[X,"phone_hidden"],[z,"quota_exceeded"],[W,"rate_limited"],[J,"ti\
meout"]];function pe(t){let e=Be.find(([,n])=>n.split(" ").includes(t));return e?e[0]:L}function ue(t){return!A(t)||t.constructor!==h?t:new(pe(t.code))({...t,message:t.message})}
function P(t){try{return t()}catch(e){throw ue(e)}}var Nt=500,Rt=/^[a-z0-9_]{1,64}$/,g=(t,e,n)=>new h({code:t,message:e,retryable:$e.split(" ").includes(t),...n}),T=t=>g("invalid_response","The server's response\
 is none of this protocol.",t),M=(t,e,n)=>typeof t=="string"&&Rt.test(t)?g(t,String(e??"").slice(0,Nt),n):T(n);function p(t,e,n){if(!t)throw g(e,n)}var he=1e4,Ct=65536,Pt={cache:"no-store",credentials:"omit",referrerPolicy:"no-referrer"};function me(t,e,n,o,r){let s=Object.entries(Pt).filter(([i])=>i in Request.
prototype);return t.fetch(`${t.baseUrl}api/v1/${e}`,{...Object.fromEntries(s),method:"POST",headers:{Accept:o,"Content-Type":"application/json",...t.headers?.()},
body:JSON.stringify(n),redirect:"manual",signal:r})}var _e=(t,e)=>t.status===200&&qe(t,e),qe=({headers:t},e)=>(t.get("Content-Type")??"").toLowerCase().startsWith(
e);async function te(t){let e=qe(t,"application/json")?await t.text():"";try{return Object(e.length>Ct||JSON.parse(e))}catch{return{}}}var Kt=t=>t===200?"protoc\
ol":/^(0|3..)$/.test(`${t}`)?"redirect":`http_${t}`;async function ge(t){let{error:e,message:n,attempts_left:o,request_id:r,retry_after:s}=await te(t),{headers:i,
status:c}=t;return M(e,n,{status:c,cause:typeof e=="string"?void 0:Kt(c),attemptsLeft:o,requestId:r??i.get("X-Request-Id")??void 0,retryAfter:Ge(s)??Ge(i.get("R\
etry-After"))})}function Ge(t){let e=String(t??"").trim(),n=/^[0-9.]+$/.test(e)?Number(e):(Date.parse(e)-Date.now())/1e3;return Number.isFinite(n)?Math.max(0,n):
void 0}var ne=t=>g("connection","The server was not reached.",{cause:t});async function Fe(t,e,n,o,r=he){let s=new y(o);s.abortAfter(r);try{S(s.signal);let i=await me(
t,e,n,"application/json",s.signal);return _e(i,"application/json")?await te(i):await ge(i)}catch{return S(o),ne(s.signal.aborted?"timeout":"other")}finally{s.release()}}var Dt=["connection","rate_limited","unavailable"],Ut=[408,429,502,503,504],jt=5;async function I(t,e,n,o,r){let s=r??t.callTimeoutMs,i=performance.now(),c=()=>performance.
now()-i;for(let f=0;;f++){let a=await Fe(t,e,n,o,s-c());if(!A(a))return a;let{retryAfter:l=0}=a;if(f===t.maxRetries||!$t(a)||l>jt)throw a;let d=ee(f,c(),l*1e3);
if(c()+d>=s)throw a;await Z(d,o)}}function $t({code:t,status:e=0}){let n=pe(t)===L&&t!=="send_failed";return Dt.includes(t)||n&&Ut.includes(e)}var Ye="Send this message to sign in. If you did not start a sign-in, do not send it. Code: {code}",Bt="{code}",Gt=200,qt=/\+|\p{Surrogate}|(?![©®™])(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}|\u{fe0f}|\u{20e3})/u;
function He(t,e){let n=String(t).split(Bt),o=n.join(e);return p(n.length===2&&!qt.test(t)&&[...o].length<=Gt,"invalid_request","Text: {code} once, no +, no emoj\
i, up to 200 characters."),o}function Ve(t){let e=t.trim().replace(/^\+/,"").replace(/[ ()-]/g,"");return p(/^[1-9][0-9]{7,14}$/.test(e)&&!t.includes("(0)"),"in\
valid_config","A number is 8 to 15 digits with its country code."),e}var Ft=t=>encodeURIComponent(t).replace(/[!'()*]/g,e=>`%${e.charCodeAt(0).toString(16).toUpperCase()}`),
Xe=(t,e)=>`https://wa.me/${t}?text=${Ft(e)}`,ze=(t,e,n)=>`${t}l/${e}${n?`?lang=${n}`:""}`;var w=(t,e)=>t>>>e|t<<32-e;function We(t,e){let n=[];for(let o=2;n.length<t;o++)n.every(r=>o%r)&&n.push(o);return n.map(o=>o**e%1*2**32|0)}var Yt=We(8,1/2),Ht=We(
64,1/3);function Je(t){let e=[...Yt],n=new Uint8Array(Math.ceil((t.length+9)/64)*64);n.set(t),n[t.length]=128;let o=new DataView(n.buffer);o.setUint32(n.length-
4,t.length*8);for(let s=0;s<n.length;s+=64)Vt(e,i=>o.getInt32(s+i*4));let r=new DataView(new ArrayBuffer(32));return e.forEach((s,i)=>{r.setInt32(i*4,s)}),new Uint8Array(
r.buffer)}function Vt(t,e){let n=[],[o,r,s,i,c,f,a,l]=t;Ht.forEach((d,u)=>{if(u<64/4)n[u]=e(u);else{let le=n[u-15],de=n[u-2],kt=w(le,7)^w(le,18)^le>>>3,Lt=w(de,
17)^w(de,19)^de>>>10;n[u]=n[u-16]+kt+n[u-7]+Lt|0}let _=w(c,6)^w(c,11)^w(c,25),b=w(o,2)^w(o,13)^w(o,22),E=l+_+(c&f^~c&a)+d+n[u]|0,k=b+(o&r^o&s^r&s)|0;[o,r,s,i,c,
f,a,l]=[E+k|0,o,r,s,i+E|0,c,f,a]}),[o,r,s,i,c,f,a,l].forEach((d,u)=>{t[u]=t[u]+d|0})}var Xt="0123456789ABCDEFGHJKMNPQRSTVWXYZ",Ee="[0-9A-TV-Z]",Qe=`(${Ee}{8}_${Ee}{32})$`,zt=20,Wt=`loggin code v1
`,Jt=`loggin login id v1
`,Qt=16,Ze=(t,e)=>Je(new TextEncoder().encode(t+e));function et(t){let e="";for(let n=0;n<t.length*8;n+=5){let o=n>>3,r=t[o]<<8|(t[o+1]??0);e+=Xt[r>>11-(n&7)&31]}
return e}function ye(t,e){let[,n=""]=new RegExp(t,"i").exec(e.trim())??[];return n.toUpperCase().replace(/O/g,"0").replace(/[IL]/g,"1")}var we=t=>crypto.getRandomValues(
new Uint8Array(t));function N(t){let e=typeof t=="string"&&ye(`^(${Ee}{8})$`,t);return p(e,"invalid_app_key","An app key is 8 letters and digits."),e}function Oe(t){
let e=typeof t=="string"&&ye(`^lgn1_${Qe}`,t);return p(e,"invalid_token","A token is lgn1_, app key, _ and 32 symbols."),`lgn1_${e}`}function tt(t){let e=ye(`^l\
gsk_${Qe}`,t);return p(e,"invalid_config","A secret key has the form lgsk_, app key, _ and 32 symbols."),`lgsk_${e}`}var nt=(t,e=we(zt))=>`lgn1_${t}_${et(e)}`;function v(t){
let e=et(Ze(Wt,t));return[t.slice(5,13),e.slice(0,5),e.slice(5,10),e.slice(10,15),e.slice(15,20)].join("-")}var ot=t=>Array.from(Ze(Jt,v(t)).subarray(0,Qt),e=>e.
toString(16).padStart(2,"0")).join("");var Zt="http://127.0.0.1:8787",en=/^(localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])$/,tn=t=>en.test(t);function nn(t,e){try{let{href:n,hostname:o,origin:r,
password:s,pathname:i,protocol:c,username:f}=new URL(t.trim());if((c==="https:"||e||tn(o))&&c.startsWith("http")&&!f&&!s&&!/[?#]/.test(n))return r+i.replace(/\/*$/,
"/")}catch{}throw g("invalid_config","The base URL is https or on this machine, without user or query.")}function rt(t){let{allowInsecureHttp:e,baseUrl:n=Zt,whatsappNumber:o}=t;
return{baseUrl:nn(n,e),whatsappNumber:o===void 0?o:Ve(o),fetch:t.fetch??((...r)=>fetch(...r))}}function st(t,e,n=Ye){let o=nt(N(e)),r=v(o),s=He(n,r),{baseUrl:i,whatsappNumber:c,lang:f}=t;return{token:o,code:r,link:c?Xe(c,s):ze(i,r,f)}}var be=Symbol.for("nodejs.util.inspect.custom"),on=2,Se=t=>`\u2026${t.slice(-on)}`,it=(t,e)=>Object.create(null,{...Object.getOwnPropertyDescriptors(Object.prototype),
[be]:{value(n,o,r){return`${t} ${r(e(this),o)}`}}}),ct=(t,e)=>Object.assign(Object.create(t),e);var oe=class{#t;constructor(e){this.#t=e}get token(){return this.#t.token}get link(){return this.#t.link}get code(){return this.#t.code}toJSON(){return{appKey:this.
code.slice(0,this.code.indexOf("-"))}}[be](e,n,o){return`CreatedToken ${o(this.toJSON(),n)}`}},rn=it("Session",({userId:t,...e})=>({...e,phone:e.phone&&Se(e.phone),
subject:e.subject&&Se(e.subject)})),Te=t=>ct(rn,t);function x(t,e){let n=t==null||typeof t=="number"&&t>=0;p(n,e,"A timeout is a number of milliseconds, 0 or more.")}function re(t,e){let n=t===void 0||typeof t==
"string"&&/^[!-~]{1,128}$/.test(t);p(n,e,"An idempotency key is 1 to 128 visible ASCII characters.")}function K(t,e,n="invalid_request"){p(typeof t=="object"&&t!==
null,n,"Options are an object.");let o=Object.keys(t).find(r=>!e.includes(r));return p(o===void 0,n,`There is no option ${o}; there are ${e.join(", ")}.`),t}var Ae=["none","reply","match","code"],ve=t=>Ae.includes(t),D=/^[\da-z_]{1,39}$/,xe=/^/,sn=/^(lgsu_[\dA-HJKMNP-TV-Z]{32})?$/,O=(t,e)=>typeof e=="string"&&t.test(
e);function R(t,{claim:e,confirm:n="none",phone:o}){let r=Object(t),{app_key:s,phone:i=null,user_id:c=null,subject:f,assurance:a}=r,l=ve(r.confirmation)?r.confirmation:
"none",d=new Date(r.verified_at);if(!O(xe,s)||!(O(xe,i)||i===null&&(o||!e))||!(O(xe,c)||c===null)||!(O(sn,f)&&(f||!e))||!O(D,a)||!(d.getTime()>0)||Ae.indexOf(l)<
Ae.indexOf(n))throw T();return{appKey:s,phone:i,userId:c,subject:f,confirmation:l,assurance:a,verifiedAt:d}}var se=class extends Error{code;constructor(e){super(e),this.code=e}};function at({onEvent:t,onRetry:e}){let n=new TextDecoder,o="",r=!1,s="",i="",c=f=>{if(!f){
i&&t(s||"message",i.slice(0,-1)),s=i="";return}let[,a,l=""]=/^([^:]*)(?:: ?(.*))?$/s.exec(f);if(a==="event")s=l;else if(a==="data"){if(i.length+l.length>262144)
throw new se("event_too_long");i+=`${l}
`}else a==="retry"&&/^[0-9]+$/.test(l)&&e(Math.min(Number(l),Number.MAX_SAFE_INTEGER))};return f=>{let a=n.decode(f,{stream:!0});if(!a)return;r&&a[0]===`
`&&(a=a.slice(1)),r=a.endsWith("\r");let l=a.split(/\r\n?|\n/);for(let[d,u]of l.entries()){if(o+=u,o.length>65536)throw new se("line_too_long");if(d<l.length-1){
let _=o;o="",c(_)}}}}var ft=["visibilitychange","pageshow","online"];function lt(t){let{document:e,window:n}=globalThis,o=()=>e?.visibilityState==="hidden",r=o()?Date.now():void 0,s=!1,i=Date.now(),c=({type:a})=>{if(s||=a!=="visi\
bilitychange",o()){r??=Date.now();return}let l=r!==void 0&&Date.now()-r>5e3;t(s||l),r=void 0,s=!1,i=Date.now()},f=setInterval(()=>{Date.now()-i>5e3&&c({}),i=Date.
now()},2e3);for(let a of ft)n?.addEventListener?.(a,c);return()=>{clearInterval(f);for(let a of ft)n?.removeEventListener?.(a,c)}}var dt="text/event-stream",an=/^\d\d$/,fn=1e4,ln=4,dn=45e3,pn=35e3,un=1e3,hn=500,mn=2e4,_n=1e4,gn=8e3,En=[400,401,403,404],Me=3e5,ke=class extends y{began=performance.
now();receivedAt=this.began;isRest=!1;hasReceived=!1;isNews=!1;isAwoken=!1;isKeptBack=!1;hintMs=0;problem;end;awake(){this.isAwoken=!0,this.abort()}keepBack(){this.
isKeptBack=!0,this.abort()}},Le=class{#t;#e;#n;#r;#o;#i="connecting";#s=ne("timeout");#c;constructor(e,n,o){this.#t=e,this.#e=n,this.#n=o}wake(e,n=hn){let o=this.#o,
r=performance.now();o&&(e||o.isRest||r-o.receivedAt>mn)&&r-o.began>=n&&o.awake()}renew(){this.#o?.awake()}async run(){let e=0,n=0,o=performance.now();for(;;){let r=this.#l(),
s=e>0;try{await(s?this.#_(r):this.#m(r))}catch{}if(r.release(),r.abort(),r.end)return r.end;let{isAwoken:i,hasReceived:c,isKeptBack:f,isNews:a}=r;!c&&!i&&!f&&this.#u(
r.problem);let l=performance.now()-r.began>=_n;(i||a||c&&(s||l))&&(n=0,o=performance.now()),f?e=ln:a||(e=s&&c&&!i?e-1:0),!i&&!f&&await this.#h(ee(n++,performance.
now()-o,r.hintMs),r.hintMs)}}release(){clearTimeout(this.#c)}timeout(){return g("timeout","Nobody signed in before the wait was over.",{cause:this.#s?.cause})}#u(e=ne(
"other")){this.#s=e,(this.#i==="open"||this.#c===void 0)&&(this.#a("connecting"),this.#c=setTimeout(()=>this.#a("lost",this.#s),gn))}#f(e){e.hasReceived=!0,this.
release(),this.#s=void 0,this.#a("open")}#a(e,n){if(e!==this.#i){this.#i=e;let{onConnection:o}=this.#e;queueMicrotask(()=>o?.(e,n))}}#l(){return S(this.#n),this.#o=
new ke(this.#n),this.#o}async#h(e,n){let o=performance.now(),r=o+e;for(let s=e;s>0;s=r-performance.now()){let i=this.#l();i.isRest=!0,await Z(s,i.signal),i.release(),
i.signal.aborted&&(r=o+Math.min(n,6e4))}}async#m(e){e.after(fn,()=>e.keepBack());let n=await this.#d(e,dt);if(!n)return;let o=n.body?.getReader()??e.keepBack(),
r=at({onEvent:(s,i)=>this.#p(e,s,()=>JSON.parse(i)),onRetry:s=>{e.hintMs=s}});for(;o&&!e.end;){let{value:s}=await o.read();if(!s)return;e.receivedAt=performance.
now(),r(s),e.hasReceived&&e.abortAfter(dn)}}async#_(e){e.abortAfter(pn);let n=await this.#d(e,"application/json");if(n){let{events:o}=await te(n);for(let r of o){
let{event:s,data:i}=Object(r);this.#p(e,s,()=>i)}(e.isNews||performance.now()-e.began>=un)&&this.#f(e)}}async#d(e,n){let{claim:o,confirm:r,phone:s,returnTo:i,token:c}=this.#e,
f=await me(this.#t,"tokens/events",{tokens:[c],claim:o,confirm:r,phone:s,return_to:i?.(),known:this.#g(n)},n,e.signal);if(_e(f,n))return f;let a=await ge(f);(En.
includes(f.status)&&a.code!=="invalid_response"||a.code==="quota_exceeded")&&(e.end=a),e.problem=a,e.hintMs=(a.retryAfter??0)*1e3}#g(e){return this.#r&&e!==dt?{
[this.#e.code]:this.#r}:void 0}#p(e,n,o){if(n==="ready"&&this.#f(e),e.end||!/^(progress|verified|rejected)$/.test(n))return;let{onProgress:r}=this.#e;try{let{code:s,
error:i,match:c,message:f,session:a,status:l,token_index:d}=Object(o());if(s!==this.#e.code&&d!==0)return;if(n==="verified")e.end=R(a,this.#e);else if(n==="reje\
cted")e.end=M(i,f);else if(l!==this.#r&&O(D,l)){this.#r=l,e.isNews=!0;let u=O(an,c)?[c]:[];queueMicrotask(()=>r?.(l,...u))}}catch(s){e.end=A(s)?s:void 0}}};async function pt(t,e){
let{signal:n,timeoutMs:o=Me,wakes:r}=e,s=new y(n),i=new Le(t,e,s.signal),c=Date.now()+o,f=()=>s.abort(i.timeout());s.after(o,f);let a=lt(d=>Date.now()<c?i.wake(
d):f()),l=()=>i.renew();r?.add(l);try{S(s.signal);let d=await i.run();if(A(d))throw d;return d}finally{r?.delete(l),a(),i.release(),s.release()}}var yn="0.1.0",wn=2,On=10,bn=16,ut=5,Sn=8,Tn=/^[0-9a-tv-z]{8}$/i,xn=t=>t.toString(16).padStart(2,"0"),ht={allowInsecureHttp:"boolean",appKey:"string",baseUrl:"s\
tring",callTimeoutMs:"number",fetch:"function",idempotencyKey:"string",maxRetries:"number",requirePhone:"boolean",secretKey:"string",timeoutMs:"number",whatsappNumber:"\
string"},An={appKey:"LOGGIN_APP_KEY",baseUrl:"LOGGIN_BASE_URL",secretKey:"LOGGIN_SECRET_KEY",whatsappNumber:"LOGGIN_WHATSAPP_NUMBER"};function U(){let{document:t,
importScripts:e,navigator:n}=globalThis,o=n?.product;return t!==void 0||e!==void 0||o==="ReactNative"}function mt(t){try{let{process:e}=globalThis;return!U()&&e?.
env?.[t]?.trim()||void 0}catch{return}}function vn(){let t=Object.entries(An).map(([e,n])=>[e,mt(n)]);return Object.fromEntries(t.filter(([,e])=>e))}var _t=()=>mt(
"NODE_ENV")==="production";function Ie(t){let e=(_,b)=>p(_,"invalid_config",b),n=K(t,Object.keys(ht),"invalid_config"),o=Object.entries(n).filter(([,_])=>_!=null);
for(let[_,b]of o){let E=ht[_];e(typeof b===E,`The option ${_} is a ${E}.`)}let r={...vn(),...Object.fromEntries(o)},{maxRetries:s=wn,requirePhone:i,secretKey:c}=r,
{callTimeoutMs:f=he,timeoutMs:a=Me}=r;e(!c||!U(),"A secret key stays on the server: everybody can read what a browser has."),e(Number.isInteger(s)&&s>=0&&s<=On,
"maxRetries is a whole number from 0 to 10."),x(a,"invalid_config"),x(f,"invalid_config");let l=r.idempotencyKey;re(l,"invalid_config");let d=c===void 0?c:tt(c),
u=()=>(l??=Array.from(we(bn),xn).join(""),{"Idempotency-Key":l,...!U()&&{"User-Agent":`loggin-web/${yn}`},...d&&{Authorization:`Bearer ${d}`}});return{...rt(r),
appKey:kn(r,t,d),headers:u,maxRetries:s,requirePhone:i,callTimeoutMs:f,timeoutMs:a}}function kn(t,e,n){let o=n?.slice(ut,ut+Sn),r=e.secretKey&&e.appKey==null?void 0:
t.appKey;if(r===void 0)return o;p(Tn.test(r.trim()),"invalid_config","The option appKey is 8 letters and digits.");let s=N(r);return p(!o||o===s,"invalid_config",
"The secret key belongs to another app."),s}var Ne=new WeakMap;function ie(t,e){let{callbacks:n,listener:o}=Ne.get(t)??Ln(t);return n.add(e),()=>{n.delete(e)&&n.size===0&&(t.removeEventListener("abort",o),
Ne.delete(t))}}function Ln(t){let e=new Set,n=()=>{for(let r of e)r()};t.addEventListener("abort",n);let o={callbacks:e,listener:n};return Ne.set(t,o),o}async function gt(t,e,n,o){let{events:r}=await I(t,"tokens/events",{tokens:[e,""],claim:!1},n,o);if(!Array.isArray(r))throw T();let s="pending";for(let i of r){
let{event:c,data:f}=Object(i),{code:a,error:l,message:d,session:u,status:_,token_index:b}=Object(f);if(!(a!==v(e)&&b!==0)){if(c==="rejected")throw M(l,d);c==="v\
erified"?(R(u,{claim:!1}),s=c):c==="progress"&&O(D,_)&&(s=_)}}return s}async function*Et(t,e){let n=new AbortController,o=()=>n.abort(e?.reason),r=e&&ie(e,o);e?.aborted&&o();let s,i=!1,c=()=>{},f=(d,u)=>{s={status:d,session:null,...u!==
void 0&&{match:u}},c()},a=()=>{r?.(),i=!0,c()},l=t({signal:n.signal,onProgress:f});l.then(a,a);try{for(;;)if(s===void 0&&!i&&await new Promise(d=>{c=d}),s!==void 0&&
!n.signal.aborted){let d=s;s=void 0,yield d}else if(i||n.signal.aborted){yield{status:"verified",session:await l};return}}finally{n.abort()}}function Mn(t){let{text:e,lang:n}=K(t,["lang","text"]);return p(e==null||typeof e=="string","invalid_request","The text is a string."),p(n==null||In(n),"invalid\
_request","The language is a tag such as pt-BR."),[e??void 0,n??void 0]}var In=t=>typeof t=="string"&&/^[a-z0-9]{1,8}(-[a-z0-9]{1,8})*$/i.test(t),Re=["appKey","\
idempotencyKey","signal","timeoutMs"],St=[...Re,"confirm","requirePhone"],yt=[...St,"returnTo"],Nn=100,Rn=[5,13];function ce(t,e,n,o){let r=Oe(t),s=e.appKey==null?
n.appKey:N(e.appKey);p(s||!o||!_t(),"invalid_config","Set LOGGIN_APP_KEY, LOGGIN_SECRET_KEY or the option appKey: without them tokens of anybody's app would sig\
n in here.");let i=!s||r.slice(...Rn)===s;return p(i,"unknown_app","The token was made for another app."),r}function wt(t,e){let{signal:n}=K(t,e),o=n==null||typeof n.
addEventListener=="function";return p(o,"invalid_request","signal is an AbortSignal."),n}function Ot(t,e,n){let{confirm:o,requirePhone:r}=t,s=o==null||ve(o);p(s,
"invalid_request","confirm is 'none', 'reply', 'match' or 'code'.");let i=r==null||typeof r=="boolean";p(i,"invalid_request","requirePhone is true or false.");let c=(r??
e.requirePhone)===!1?"optional":void 0;return{claim:n,confirm:o??void 0,phone:c}}function bt(t,{idempotencyKey:e}){return re(e,"invalid_request"),e===void 0?t:{
...t,headers:()=>({...t.headers?.(),"Idempotency-Key":e})}}var Cn={},ae=class{#t=new y;#e=new Set;#n;constructor(e={}){e!==Cn&&(this.#n=P(()=>Ie(e)))}#r(){return this.#n??=
Ie({}),this.#n}createToken(e,n={}){return P(()=>{let o=this.#r(),[r,s]=Mn(n);return p(!r||o.whatsappNumber,"invalid_config","A text needs whatsappNumber: withou\
t it the server writes the message."),new oe(st({...o,lang:s},e,r))})}async waitForVerify(e,n={}){return await this.#o(n,[...yt,"onProgress"],async(o,r)=>{let{onProgress:s,
returnTo:i}=n,c=n.timeoutMs??o.timeoutMs;x(c,"invalid_request"),p(s==null||typeof s=="function","invalid_request","onProgress is a function."),p(i==null||typeof i==
"string","invalid_request","returnTo is a string.");let f=!U(),a=ce(e,n,o,f),l={token:a,code:v(a),...Ot(n,o,f),onProgress:s,returnTo:()=>i??void 0,signal:r,timeoutMs:c,
wakes:this.#e};return Te(await pt(bt(o,n),l))})}async*watch(e,n={}){let o=P(()=>wt(n,yt));yield*Et(r=>this.waitForVerify(e,{...n,...r}),o)}async status(e,n={}){
return await this.#o(n,Re,async(o,r)=>{let s=ce(e,n,o,!1);return x(n.timeoutMs,"invalid_request"),await gt(o,s,r,n.timeoutMs)})}async verifyToken(e,n={}){return await this.#o(
n,St,async(o,r)=>{let s=Ot(n,o,!0),c={token:ce(e,n,o,!0),confirm:s.confirm,phone:s.phone};x(n.timeoutMs,"invalid_request");let f=bt(o,n),a=await I(f,"tokens/ver\
ify",c,r,n.timeoutMs);return a.status==="pending"?null:(p(a.status==="verified","invalid_response","The response has no status that is known."),Te(R(a,s)))})}async confirm(e,n,o={}){
return await this.#o(o,Re,async(r,s)=>{p(typeof n=="string","invalid_request","The confirmation code is a string.");let c={token:ce(e,o,r,!1),confirmation_code:n};
x(o.timeoutMs,"invalid_request");let{status:f}=await I(r,"tokens/confirm",c,s,o.timeoutMs);if(f!=="verified")throw T()})}loginId(e){return P(()=>ot(Oe(e)))}async deniedLogins(e,n={}){
return await this.#o(n,["signal"],async(o,r)=>{let s=Array.isArray(e)&&e.every(c=>typeof c=="string");if(p(s&&e.length<=Nn,"invalid_request","loginIds: up to 10\
0 strings."),!e.length)return[];let{denied:i}=await I(o,"tokens/denied",{login_ids:e},r);if(!Array.isArray(i))throw T();return i})}resume(){for(let e of this.#e)
e()}close(){this.#t.abort(g("closed","The client is closed."))}[Symbol.dispose](){this.close()}async#o(e,n,o){let r=[];try{let s=wt(e,n),i=new y;for(let c of[s,
this.#t.signal])c&&(S(c),r.push(ie(c,()=>i.abort(Q(c)))));return await o(this.#r(),i.signal)}catch(s){throw ue(s)}finally{for(let s of r)s()}}};var Pn=[.2,.375,.5555555555555556,.6666666666666666],Kn=(t,e)=>n=>{let o=4*t+n-4,r="*-04-39?2$%%$%%'$%''%'''%')(%'))%(++'(++'(+.'+-.',/3',33)-/5)-43).36)058*18<\
+37<+4:<,4:E,5<A-7>C/8@F/:EH/<EK0=FM1?IP2@KS3BNV4DPY5FS\\6HV_6IXb7K[e8N^i9Pam;Rdp<Tgt".charCodeAt(o)-35,s=o>8?r:1,i=e/s|0,c=e%s,f=s-c,a=o>8?i*Pn[n]+(t>5)&-2:r,l=i-
a;return{t:f*l+c*l+c,o:[[f,l],[c,l+1]],l:a}},Dn={L:0,M:1,Q:2,H:3},C=t=>new Uint8Array(t),Ce=t=>{let e=new Error(`lean-qr error ${t}`);throw e.code=t,e},Pe=(t,e=t*
t,n=C(e))=>({size:t,i:n,get:(o,r)=>o>=0&&o<t&&!!(1&n[r*t+o]),u(o,{on:r=[0,0,0],off:s=[0,0,0,0],pad:i=4,padX:c=i,padY:f=i}={}){let a=t+2*c,l=t+2*f,d=o.createImageData(
a,l),u=new Uint32Array(d.data.buffer);d.data.set([...r,255]);let _=u[0];d.data.set([...s,255]);let b=u[0];for(let E=0;E<l;++E)for(let k=0;k<a;++k)u[E*a+k]=this.
get(k-c,E-f)?_:b;return d},toCanvas(o,r){let s=o.getContext("2d"),i=this.u(s,r);o.width=i.width,o.height=i.height,s.putImageData(i,0,0)}}),Un=[(t,e)=>1&(t^e),(t,e)=>1&
e,t=>t%3,(t,e)=>(t+e)%3,(t,e)=>1&(t/3^e>>1),(t,e)=>(t&e&1)+t*e%3,(t,e)=>(t&e)+t*e%3&1,(t,e)=>(t^e)+t*e%3&1],fe=C(511);for(let t=0,e=1;t<255;e=2*e^285*(e>127))fe[fe[e+
255]=t++]=e;var xt=t=>fe[t%255],At=t=>fe[t+255],jn=(t,e)=>{let n=C(t.length+e.length-1);for(let o=0;o<t.length;++o)for(let r=0;r<e.length;++r)n[o+r]^=xt(t[o]+e[r]);
return n.map(At)},$n=(t,e)=>{let n=C(t.length+e.length-1);n.set(t,0);for(let o=0;o<t.length;++o)if(n[o]){let r=At(n[o]);for(let s=0;s<e.length;++s)n[o+s]^=xt(e[s]+
r)}return n.slice(t.length)},Ke=[[0],[0,0]];for(let t=1;t<30;++t)Ke.push(jn(Ke[t],[0,t]));var Bn=(t,e)=>{let n=[[],[]],o=0,r=0;for(let[i,c]of e.o)for(let f=0;f<
i;++f,o+=c){let a=t.slice(o,o+c);n[0].push(a),n[1].push($n(a,Ke[e.l])),r+=c+e.l}let s=C(r);r=0;for(let i of n)for(let c=0,f=-1;f<r;++c){f=r;for(let a of i)c<a.length&&
(s[r++]=a[c])}return s},vt=(t,e,n)=>{let o=t<<=n;for(let r=134217728;r>>=1;)o&r&&(o^=e*(r>>n));return o|t},Gn=({size:t,i:e},n)=>{let o=(i,c,f,a)=>{for(;f-- >0;i+=
t)e.fill(a,i,i+c)},r=(i,c,f)=>{for(let a=0;a++<3;f-=2)o(c*t+i-(f>>1)*(t+1),f,f,2|a)},s=2*((t-13)/(1+(n/7|0))/2+.75|0);if(n>1)for(let i=t-7;i>8;i-=s){for(let c=i;c>
8;c-=s)r(i,c,5);i<t-7&&r(i,6,5)}if(n>6)for(let i=vt(n,7973,12),c=1;c<7;++c)for(let f=12;f-- >9;i>>=1)e[c*t-f]=2|1&i;o(7,2,9,2),o(t-8,8,9,2);for(let i=0;i<t;++i)
e[6*t+i]=3^1&i;r(3,3,7),r(t-4,3,7);for(let i=0;i<t;++i)for(let c=i;c<t;++c)e[c*t+i]=e[i*t+c];e[(t-8)*t+8]=3},qn=({size:t,i:e})=>{let n=[];for(let o=t-2,r=t,s=-1;o>=
0;o-=2){for(o===5&&(o=4);r+=s,r!==-1&&r!==t;){let i=r*t+o;e[i+1]||n.push(i+1),e[i]||n.push(i)}s*=-1}return n},Fn=({i:t},e,n)=>e.forEach((o,r)=>t[o]=n[r>>3]>>(7&
~r)&1),Yn=({size:t,i:e},n,o,r)=>{for(let i=0;i<t;++i)for(let c=0;c<t;++c){let f=i*t+c;e[f]^=!(n(c,i)||2&e[f])}let s=21522^vt((1^r)<<3|o,1335,10);for(let i=0;i++<
8;s>>=1)e[(i-(i<7))*t+8]=1&s,e[9*t-i]=1&s;for(let i=8;--i,s;s>>=1)e[8*t+i-(i<7)]=1&s,e[(t-i)*t+8]=1&s},Hn=({size:t,i:e},n=0,o=0)=>{for(let r=0;r<t;++r){for(let s=0;s<
2;++s)for(let i,c=0,f=0,a=2;c<t;++c){let l=1&e[s?r*t+c:c*t+r];o+=l,f=(f>>1|2098176)&(3047517^l-1),2049&f&&(n+=40),l^a&&(i=0),a=l,n+=++i===5?3:i>5}if(r)for(let s=t+
r,i=5*e[r-1]^e[r];s<t*t;s+=t){let c=5*e[s-1]^e[s];n+=3*!(1&(i|c)|4&(i^c)),i=c}}return n+10*(10*Math.abs(o/(t*t)-1)|0)},Tt=[],Vn=(t=Ce(1),{minCorrectionLevel:e=0,
minVersion:n=1}={})=>{typeof t!="string"&&Ce(5),t=new TextEncoder().encode(t);let o=C(2957);o.set([113,164,t.length>>8]);for(let r=n;r<41;++r){let s=Tt[r];s||(Tt[r]=
s=Pe(4*r+17),Gn(s,r),s.p=qn(s));let i=Kn(r,s.p.length>>3)(e);if(i.t>=3+(r>9)+t.length){let c=r>9?3:2;for(o[c++]=t.length,o.set(t,c),c+=t.length-1;c<2954;o.set([
236,17],c+=2));let f=Pe(s.size,s.i);return Fn(f,s.p,Bn(o,i)),Un.map((a,l)=>{let d=Pe(f.size,f.i);return Yn(d,a,l,e),d.s=Hn(d),d}).sort((a,l)=>a.s-l.s)[0]}}Ce(4)};export{ae as Loggin,Dn as correction,Vn as generate};
