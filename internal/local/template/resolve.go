package template

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Names says what references become here. What is missing in Ref and Attr gets
// the name that this package would give, so a stack can be resolved once
// before anything exists and again when the engines gave their own names.
type Names struct {
	Stack   string
	Region  string
	Account string
	Ref     map[string]string // logical id → what !Ref gives
	Attr    map[string]string // "LogicalId.Attribute" → what !GetAtt gives
}

// resolver turns a value with intrinsics into one without.
type resolver struct {
	t     *Template
	names Names
}

// nothing stands for AWS::NoValue: what holds it drops it.
var nothing = &value{kind: null, text: "AWS::NoValue"}

func (r *resolver) resolve(v *value) (*value, error) {
	switch v.kind {
	case list:
		out := &value{line: v.line, kind: list}
		for _, item := range v.list {
			w, err := r.resolve(item)
			if err != nil {
				return nil, err
			}
			if w != nothing {
				out.list = append(out.list, w)
			}
		}
		return out, nil
	case mapping:
		if len(v.fields) == 1 {
			f := v.fields[0]
			if f.name == "Ref" || strings.HasPrefix(f.name, "Fn::") {
				w, err := r.intrinsic(f.name, f.value, v.line)
				if err == nil && w != nothing && w.line == 0 {
					w.line = v.line
				}
				return w, err
			}
			if f.name == "Condition" && f.value.kind == text { // inside !And, !Or, !If
				if _, known := r.t.conditions[f.value.text]; known {
					ok, err := r.condition(f.value.text, v.line)
					return boolAt(v.line, ok), err
				}
			}
		}
		out := &value{line: v.line, kind: mapping}
		for _, f := range v.fields {
			w, err := r.resolve(f.value)
			if err != nil {
				return nil, err
			}
			if w != nothing {
				out.fields = append(out.fields, field{f.name, f.line, w})
			}
		}
		return out, nil
	}
	return v, nil
}

func boolAt(line int, b bool) *value {
	return &value{line: line, kind: boolean, text: strconv.FormatBool(b)}
}

func (r *resolver) intrinsic(name string, arg *value, line int) (*value, error) {
	switch name {
	case "Ref":
		return r.ref(arg.text, line)
	case "Fn::If":
		if arg.kind != list || len(arg.list) != 3 {
			return nil, faultf(line, "!If takes [condition, then, else]")
		}
		ok, err := r.condition(arg.list[0].text, line)
		if err != nil {
			return nil, err
		}
		if ok {
			return r.resolve(arg.list[1])
		}
		return r.resolve(arg.list[2])
	case "Fn::Sub":
		return r.sub(arg, line)
	case "Fn::GetAtt":
		id, attr, ok := strings.Cut(arg.text, ".")
		if arg.kind == list && len(arg.list) == 2 {
			second, err := r.resolve(arg.list[1])
			if err != nil {
				return nil, err
			}
			id, attr, ok = arg.list[0].text, second.text, true
		}
		if !ok {
			return nil, faultf(line, "!GetAtt takes LogicalId.Attribute, this is %q", arg.text)
		}
		return r.attribute(id, attr, line)
	case "Fn::FindInMap":
		args, err := r.texts(arg, line, name)
		if err != nil {
			return nil, err
		}
		if len(args) != 3 {
			return nil, faultf(line, "!FindInMap takes [map, key, key]")
		}
		v := r.t.root.field("Mappings").field(args[0]).field(args[1]).field(args[2])
		if v == nil {
			return nil, faultf(line, "Mappings has no %s", strings.Join(args, "."))
		}
		return v, nil
	}
	resolved, err := r.resolve(arg)
	if err != nil {
		return nil, err
	}
	return r.plain(name, resolved, line)
}

// plain is the intrinsics that need nothing but their arguments.
func (r *resolver) plain(name string, arg *value, line int) (*value, error) {
	items := arg.list
	switch name {
	case "Fn::Join":
		if len(items) == 2 && items[1].kind == list {
			var parts []string
			for _, item := range items[1].list {
				parts = append(parts, item.text)
			}
			return textAt(line, strings.Join(parts, items[0].text)), nil
		}
	case "Fn::Split":
		if len(items) == 2 {
			out := &value{line: line, kind: list}
			for _, part := range strings.Split(items[1].text, items[0].text) {
				out.list = append(out.list, textAt(line, part))
			}
			return out, nil
		}
	case "Fn::Select":
		if len(items) == 2 && items[1].kind == list {
			if i, err := strconv.Atoi(items[0].text); err == nil && i >= 0 && i < len(items[1].list) {
				return items[1].list[i], nil
			}
		}
	case "Fn::Equals":
		if len(items) == 2 {
			return boolAt(line, items[0].text == items[1].text), nil
		}
	case "Fn::Not":
		if len(items) == 1 {
			return boolAt(line, items[0].text != "true"), nil
		}
	case "Fn::And", "Fn::Or":
		if len(items) > 0 {
			all, some := true, false
			for _, item := range items {
				all, some = all && item.text == "true", some || item.text == "true"
			}
			return boolAt(line, name == "Fn::And" && all || name == "Fn::Or" && some), nil
		}
	case "Fn::Base64":
		return textAt(line, base64.StdEncoding.EncodeToString([]byte(arg.text))), nil
	default:
		return nil, faultf(line, "the local run does not know %s", name)
	}
	return nil, faultf(line, "%s has arguments that do not fit it", name)
}

func (r *resolver) texts(v *value, line int, name string) ([]string, error) {
	if v.kind != list {
		return nil, faultf(line, "%s takes a list", name)
	}
	var out []string
	for _, item := range v.list {
		w, err := r.resolve(item)
		if err != nil {
			return nil, err
		}
		out = append(out, w.text)
	}
	return out, nil
}

var subVariable = regexp.MustCompile(`\$\{([^}]*)\}`)

func (r *resolver) sub(arg *value, line int) (*value, error) {
	format, vars := arg, (*value)(nil)
	if arg.kind == list {
		if len(arg.list) != 2 {
			return nil, faultf(line, "!Sub takes a text, or [text, map]")
		}
		format, vars = arg.list[0], arg.list[1]
	}
	var fault error
	out := subVariable.ReplaceAllStringFunc(format.text, func(m string) string {
		name := strings.TrimSpace(m[2 : len(m)-1])
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			return "${" + literal + "}"
		}
		var v *value
		var err error
		if given := vars.field(name); given != nil {
			v, err = r.resolve(given)
		} else if id, attr, ok := strings.Cut(name, "."); ok {
			v, err = r.attribute(id, attr, line)
		} else {
			v, err = r.ref(name, line)
		}
		if err != nil {
			if fault == nil {
				fault = err
			}
			return ""
		}
		return v.text
	})
	return textAt(line, out), fault
}

func (r *resolver) ref(name string, line int) (*value, error) {
	switch name {
	case "AWS::NoValue":
		return nothing, nil
	case "AWS::Region":
		return textAt(line, r.names.Region), nil
	case "AWS::AccountId":
		return textAt(line, r.names.Account), nil
	case "AWS::StackName":
		return textAt(line, r.names.Stack), nil
	case "AWS::StackId":
		return textAt(line, r.arn("cloudformation", "stack/"+r.names.Stack+"/local")), nil
	case "AWS::Partition":
		return textAt(line, "aws"), nil
	case "AWS::URLSuffix":
		return textAt(line, "amazonaws.com"), nil
	}
	if v, ok := r.t.parameters[name]; ok {
		return &value{line: line, kind: v.kind, text: v.text, list: v.list}, nil
	}
	if given, ok := r.names.Ref[name]; ok {
		return textAt(line, given), nil
	}
	res, err := r.exists(name, line)
	if err != nil {
		return nil, err
	}
	physical := r.physical(res)
	switch res.kind {
	case "AWS::SNS::Topic", "AWS::SecretsManager::Secret":
		return r.attribute(name, "Arn", line)
	case "AWS::SQS::Queue":
		return textAt(line, "https://sqs."+r.names.Region+".amazonaws.com/"+r.names.Account+"/"+physical), nil
	}
	return textAt(line, physical), nil
}

func (r *resolver) attribute(id, attr string, line int) (*value, error) {
	if given, ok := r.names.Attr[id+"."+attr]; ok {
		return textAt(line, given), nil
	}
	res, err := r.exists(id, line)
	if err != nil {
		return nil, err
	}
	name := r.physical(res)
	var known map[string]string
	switch res.kind {
	case "AWS::SQS::Queue":
		url, err := r.ref(id, line)
		if err != nil {
			return nil, err
		}
		known = map[string]string{"Arn": r.arn("sqs", name), "QueueName": name, "QueueUrl": url.text}
	case "AWS::DynamoDB::Table":
		arn := r.arn("dynamodb", "table/"+name)
		known = map[string]string{"Arn": arn, "StreamArn": arn + "/stream/local"}
	case "AWS::Serverless::Function":
		known = map[string]string{"Arn": r.arn("lambda", "function:"+name)}
	case "AWS::Serverless::HttpApi":
		known = map[string]string{"ApiEndpoint": "http://" + id + ".invalid", "ApiId": name}
	case "AWS::SNS::Topic":
		known = map[string]string{"Arn": r.arn("sns", name), "TopicArn": r.arn("sns", name), "TopicName": name}
	case "AWS::SecretsManager::Secret":
		known = map[string]string{"Arn": r.arn("secretsmanager", "secret:"+name), "Id": r.arn("secretsmanager", "secret:"+name)}
	case "AWS::S3::Bucket":
		known = map[string]string{"Arn": "arn:aws:s3:::" + name}
	default: // a thing that means nothing here: any name does, as long as it stays the same
		return textAt(line, fmt.Sprintf("%s.%s", r.arn("local", name), attr)), nil
	}
	if s, ok := known[attr]; ok {
		return textAt(line, s), nil
	}
	return nil, faultf(line, "the local run does not know %s of %s (%s)", attr, id, res.kind)
}

func (r *resolver) arn(service, rest string) string {
	return "arn:aws:" + service + ":" + r.names.Region + ":" + r.names.Account + ":" + rest
}

func (r *resolver) exists(id string, line int) (*resource, error) {
	res := r.t.resource(id)
	if res == nil {
		return nil, faultf(line, "there is no parameter or resource %s", id)
	}
	if res.condition != "" {
		ok, err := r.condition(res.condition, res.line)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, faultf(line, "%s is not there: its condition %s does not hold", id, res.condition)
		}
	}
	return res, nil
}

// nameProperty is the property by which a template may name a thing itself.
var nameProperty = map[string]string{
	"AWS::SQS::Queue": "QueueName", "AWS::DynamoDB::Table": "TableName", "AWS::Serverless::Function": "FunctionName",
	"AWS::SNS::Topic": "TopicName", "AWS::SecretsManager::Secret": "Name", "AWS::SES::ConfigurationSet": "Name", "AWS::S3::Bucket": "BucketName",
}

// physical is the name of a thing outside the template: the template's own, or stack-LogicalId.
func (r *resolver) physical(res *resource) string {
	if given := res.properties.field(nameProperty[res.kind]); given != nil {
		if v, err := r.resolve(given); err == nil && v.kind == text {
			return v.text
		}
	}
	return r.names.Stack + "-" + res.id
}

func (r *resolver) condition(name string, line int) (bool, error) {
	v, ok := r.t.conditions[name]
	if !ok {
		return false, faultf(line, "there is no condition %s", name)
	}
	got, err := r.resolve(v)
	if err != nil {
		return false, err
	}
	return got.text == "true", nil
}
