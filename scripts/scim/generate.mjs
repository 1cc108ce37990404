// People, filters and changes, always the same ones for a seed. Letters are small
// and plain, because the libraries do not agree about capitals.

export const core = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

const names = ['ada', 'bob', 'cyd', 'dan', 'eve', 'fay'];
const titles = ['engineer', 'clerk', 'countess'];
const types = ['work', 'home'];
const places = ['london', 'paris'];
const departments = ['notes', 'engines'];

export class Generator {
  constructor(seed, domain) {
    this.seed = seed;
    this.domain = domain;
  }

  below(n) {
    this.seed = (Math.imul(this.seed, 1103515245) + 12345) & 0x7fffffff;
    return (this.seed >>> 8) % n;
  }

  of(list) { return list[this.below(list.length)]; }

  person(i) {
    const p = { schemas: [core], userName: this.of(names) + i, active: this.below(3) > 0, name: { givenName: this.of(names), familyName: this.of(names) } };
    if (this.below(2)) p.title = this.of(titles);
    if (this.below(2)) p.nickName = this.of(names);
    if (this.below(3)) {
      p.emails = types.slice(0, 1 + this.below(2)).map((type, k) => ({ value: `${this.of(names)}${i}@${type}.${this.domain}`, type, primary: k === 0 }));
    }
    if (this.below(2)) p.addresses = [{ type: 'work', locality: this.of(places), country: this.of(['gb', 'fr']) }];
    if (this.below(2)) {
      p.schemas.push(enterprise);
      p[enterprise] = { department: this.of(departments), employeeNumber: String(i) };
    }
    return p;
  }

  // Not among them, because neither library gets them right: two conditions on one
  // element, and "ne" of what may be absent.
  comparison() {
    const part = () => this.of([...names, 'a', 'e', '1']);
    return this.of([
      () => `userName ${this.of(['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'])} "${part()}"`,
      () => `userName eq "${this.of(names)}${this.below(40)}"`,
      () => `title ${this.of(['eq', 'co', 'sw', 'ew'])} "${this.of([...titles, 'c', 'er'])}"`,
      () => `${this.of(['title', 'nickName', 'emails', 'addresses', 'name', 'displayName', 'name.givenName', `${enterprise}:department`])} pr`,
      () => `active ${this.of(['eq', 'ne'])} ${this.of(['true', 'false'])}`,
      () => `name.${this.of(['givenName', 'familyName'])} ${this.of(['eq', 'sw', 'co'])} "${this.of(names)}"`,
      () => `emails.value ${this.of(['co', 'sw', 'ew'])} "${this.of(['@work', this.domain, 'ada', '1'])}"`,
      () => `emails[type eq "${this.of(types)}"]`,
      () => `addresses[locality eq "${this.of(places)}"]`,
      () => `emails.type eq "${this.of(types)}"`,
      () => `${enterprise}:department eq "${this.of(departments)}"`,
      () => `meta.lastModified ${this.of(['gt', 'lt'])} "2020-01-01T00:00:00Z"`,
    ])();
  }

  filter(depth = 2) {
    if (depth === 0 || this.below(3) === 0) {
      return this.comparison();
    }
    const inner = () => this.filter(depth - 1);
    return this.of([() => `${inner()} and ${inner()}`, () => `${inner()} or ${inner()}`, () => `not (${inner()})`, () => `(${inner()})`])();
  }

  operation() {
    const text = this.of(names);
    const assign = this.of(['add', 'replace']);
    const email = () => ({ value: `${text}${this.below(1000)}@new.${this.domain}`, type: this.of(types) });
    return this.of([
      () => ({ op: assign, path: this.of(['title', 'nickName', 'displayName']), value: text }),
      () => ({ op: 'remove', path: this.of(['title', 'nickName', 'displayName', 'emails', 'addresses', 'name.givenName', 'name']) }),
      () => ({ op: assign, path: `name.${this.of(['givenName', 'familyName', 'middleName'])}`, value: text }),
      () => ({ op: assign, path: 'name', value: { givenName: text, honorificPrefix: 'dr' } }),
      () => ({ op: assign, path: 'emails', value: [email()] }),
      () => ({ op: 'replace', path: `emails[type eq "${this.of(types)}"].value`, value: email().value }),
      () => ({ op: 'add', path: `emails[type eq "${this.of(types)}"].display`, value: text }),
      () => ({ op: 'remove', path: `emails[type eq "${this.of(types)}"]` }),
      () => ({ op: 'remove', path: `emails[type eq "${this.of(types)}"].display` }),
      () => ({ op: 'replace', path: 'addresses[type eq "work"].locality', value: text }),
      () => ({ op: 'add', path: 'addresses', value: [{ type: 'home', locality: text }] }),
      () => ({ op: assign, path: `${enterprise}:department`, value: text }),
      () => ({ op: 'remove', path: `${enterprise}:department` }),
      () => ({ op: assign, value: { title: this.of(titles), nickName: text } }),
      () => ({ op: assign, value: { [enterprise]: { division: text } } }),
      () => ({ op: 'add', value: { emails: [email()] } }),
      () => ({ op: assign, path: 'active', value: this.below(2) === 0 }),
      () => ({ op: 'add', path: 'phoneNumbers', value: [{ value: `555${this.below(9)}`, type: 'mobile' }] }),
      () => ({ op: 'replace', path: 'noSuchAttribute[', value: text }),
      () => ({ op: assign, path: 'emails', value: text }),
    ])();
  }
}
