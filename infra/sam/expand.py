"""Prints template.yaml as CloudFormation would get it, in JSON: the same translator that AWS runs, here and offline.

The test of the template reads this instead of template.yaml, because what counts is what SAM makes of it: roles,
permissions, event source mappings. Usage: expand.py template.yaml [Parameter=value ...]
"""

import json
import os
import sys

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        template = yaml_parse(f.read())
    for resource in template["Resources"].values():  # what `sam package` would do with the code
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://bucket/key"
    parameters = dict(a.split("=", 1) for a in sys.argv[2:])
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"  # the translator only asks which partition it is in
    # No managed policy is named in the template, so none has to be looked up: the map is empty.
    expanded = Translator({}, Parser()).translate(sam_template=template, parameter_values=parameters)
    json.dump(expanded, sys.stdout, indent=1, default=str)


main()
