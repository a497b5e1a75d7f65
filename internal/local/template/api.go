package template

import (
	"strings"
)

func (b *builder) api(res *resource, p *props) {
	a := &API{ID: res.id, Name: b.physical(res), Line: res.line, Authorizers: map[string]Authorizer{}}
	p.oneOf("StageName", "$default")
	if c := p.get("CorsConfiguration"); c != nil {
		a.CORS = b.cors(p, c)
	}
	if auth := p.sub("Auth"); auth != nil {
		auth.text("DefaultAuthorizer", "")
		if auth.yes("EnableIamAuthorizer", false) {
			b.fault(auth.lineOf("EnableIamAuthorizer"), "%s: an IAM authorizer is not built here", res.id)
		}
		if list := auth.sub("Authorizers"); list != nil {
			for _, f := range list.v.fields {
				one := list.sub(f.name)
				a.Authorizers[f.name] = b.authorizer(one, f.line)
				one.done()
			}
		}
		auth.done()
	}
	p.unused("nobody is too many here", "DefaultRouteSettings", "RouteSettings")
	p.unused("logs are files in the data folder", "AccessLogSettings")
	p.unused("the address is a local one", "Domain", "DisableExecuteApiEndpoint")
	p.unused("a note for people", "Name", "Description", "Tags", "PropagateTags", "FailOnWarnings")
	p.refuse("routes come from the events of functions here", "DefinitionBody", "DefinitionUri", "StageVariables")
	b.stack.APIs = append(b.stack.APIs, a)
}

func (b *builder) cors(p *props, c *value) *CORS {
	if c.kind == boolean {
		if c.text != "true" {
			return nil
		}
		return &CORS{Origins: []string{"*"}, Methods: []string{"*"}, Headers: []string{"*"}}
	}
	if c.kind == text {
		return &CORS{Origins: []string{c.text}}
	}
	q := b.props(p.what+" CorsConfiguration", p.kind+" CorsConfiguration", c.line, c)
	out := &CORS{
		Origins: q.texts("AllowOrigins"), Methods: q.texts("AllowMethods"), Headers: q.texts("AllowHeaders"), Expose: q.texts("ExposeHeaders"),
		MaxAge: q.number("MaxAge", -1, -1, 86400), Credentials: q.yes("AllowCredentials", false),
	}
	q.done()
	if out.Credentials {
		for _, o := range out.Origins {
			if o == "*" {
				b.fault(c.line, "%s: AllowCredentials and the origin * exclude each other", q.what)
			}
		}
	}
	return out
}

func (b *builder) authorizer(p *props, line int) Authorizer {
	a := Authorizer{Header: "authorization"}
	source := p.text("IdentitySource", "$request.header.Authorization")
	if name, ok := strings.CutPrefix(source, "$request.header."); ok {
		a.Header = strings.ToLower(name)
	} else {
		b.fault(p.lineOf("IdentitySource"), "%s: the token comes in a header here, not in %s", p.what, source)
	}
	a.Scopes = p.texts("AuthorizationScopes")
	j := p.sub("JwtConfiguration")
	if j == nil {
		b.fault(line, "%s: only a JWT authorizer is built here (JwtConfiguration)", p.what)
		return a
	}
	a.Issuer = j.need("issuer")
	a.Audiences = j.texts("audience")
	j.done()
	p.refuse("only a JWT authorizer is built here", "FunctionArn", "AuthorizerPayloadFormatVersion", "EnableSimpleResponses", "FunctionInvokeRole", "Identity")
	return a
}

// defaultAuthorizer is the DefaultAuthorizer of an API, by logical id.
func (b *builder) defaultAuthorizer(id string) string {
	res := b.t.resource(id)
	if res == nil {
		return ""
	}
	v := res.properties.field("Auth").field("DefaultAuthorizer")
	if v == nil {
		return ""
	}
	w, err := b.resolve(v)
	if err != nil || w == nothing {
		return ""
	}
	return w.text
}
