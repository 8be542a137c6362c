using System.Xml.Linq;

namespace Pantry.Help;

/// <summary>The help of one cmdlet, in the words of MAML.</summary>
internal static class MamlCommand
{
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    public static XElement Of(CmdletDescription cmdlet, HelpPage page) => new(
        Command + "command",
        new XAttribute(XNamespace.Xmlns + "maml", Maml),
        new XAttribute(XNamespace.Xmlns + "command", Command),
        new XAttribute(XNamespace.Xmlns + "dev", Dev),
        new XElement(
            Command + "details",
            new XElement(Command + "name", cmdlet.Name),
            Description([Synopsis(cmdlet.Summary)]),
            new XElement(Command + "verb", cmdlet.Verb),
            new XElement(Command + "noun", cmdlet.Noun)),
        Description([cmdlet.Summary, .. page.Description]),
        new XElement(Command + "syntax", cmdlet.Sets.Select(set => Syntax(cmdlet, set))),
        new XElement(Command + "parameters", cmdlet.Parameters.Select(parameter => Parameter(parameter, Widest(cmdlet, parameter), inSyntax: false))),
        new XElement(Command + "inputTypes", Inputs(cmdlet).Select(input => OfType("inputType", input))),
        new XElement(Command + "returnValues", Outputs(cmdlet).Select(output => OfType("returnValue", output))),
        new XElement(Command + "examples", page.Examples.Select(Example)),
        new XElement(Maml + "relatedLinks", page.Links.Select(link => new XElement(Maml + "navigationLink", new XElement(Maml + "linkText", link)))));

    // The first sentence: lists of cmdlets show it on one line.
    private static string Synopsis(string summary)
    {
        int end = summary.IndexOf(". ", StringComparison.Ordinal);
        return end < 0 ? summary : summary[..(end + 1)];
    }

    private static XElement Syntax(CmdletDescription cmdlet, string? set) => new(
        Command + "syntaxItem",
        new XElement(Maml + "name", cmdlet.Name),
        cmdlet.Parameters.Select(parameter => (Parameter: parameter, Use: parameter.In(set))).Where(item => item.Use is not null)
            .OrderBy(item => item.Use!.Position ?? int.MaxValue).ThenBy(item => !item.Use!.IsMandatory).ThenBy(item => item.Parameter.Order)
            .Select(item => Parameter(item.Parameter, item.Use!, inSyntax: true)));

    // What is said of a parameter as a whole is true of all sets: it is required where each set requires it.
    private static ParameterUse Widest(CmdletDescription cmdlet, ParameterDescription parameter)
    {
        IReadOnlyList<ParameterUse> uses = parameter.Uses;
        ParameterUse[] everywhere = [.. cmdlet.Sets.Select(parameter.In).OfType<ParameterUse>()];
        return new ParameterUse(
            null, everywhere.Length > 0 && everywhere.All(use => use.IsMandatory), uses.Select(use => use.Position).FirstOrDefault(position => position is not null),
            uses.Any(use => use.TakesPipeline), uses.Any(use => use.TakesProperties));
    }

    private static XElement Parameter(ParameterDescription parameter, ParameterUse use, bool inSyntax) => new(
        Command + "parameter",
        new XAttribute("required", use.IsMandatory),
        new XAttribute("variableLength", parameter.TypeName.EndsWith("[]", StringComparison.Ordinal)),
        new XAttribute("globbing", parameter.TakesWildcards),
        new XAttribute("pipelineInput", use.Pipeline),
        new XAttribute("position", use.Position?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "named"),
        new XAttribute("aliases", parameter.Aliases.Count > 0 ? string.Join(", ", parameter.Aliases) : "none"),
        new XElement(Maml + "name", parameter.Name),
        Description([parameter.Summary, .. Values(parameter)]),
        inSyntax && parameter.Values.Count > 0
            ? new XElement(Command + "parameterValueGroup", parameter.Values.Select(value => new XElement(Command + "parameterValue", new XAttribute("required", false), new XAttribute("variableLength", false), value)))
            : null,
        inSyntax && parameter.IsSwitch
            ? null
            : new XElement(Command + "parameterValue", new XAttribute("required", !parameter.IsSwitch), new XAttribute("variableLength", false), parameter.TypeName),
        new XElement(Dev + "type", new XElement(Maml + "name", parameter.TypeName), new XElement(Maml + "uri")),
        new XElement(Dev + "defaultValue", parameter.IsSwitch ? "False" : "None"));

    private static IEnumerable<string> Values(ParameterDescription parameter) =>
        parameter.Values.Count > 0 ? [$"One of {string.Join(", ", parameter.Values)}."] : [];

    private static TypeDescription[] Inputs(CmdletDescription cmdlet)
    {
        TypeDescription[] piped =
        [
            .. cmdlet.Parameters.Where(parameter => parameter.Uses.Any(use => use.TakesPipeline)).Select(parameter => new TypeDescription(parameter.TypeName, $"-{parameter.Name}: {parameter.Summary}")),
        ];
        string[] named = [.. cmdlet.Parameters.Where(parameter => parameter.Uses.Any(use => use.TakesProperties)).Select(parameter => $"-{parameter.Name}")];
        if (named.Length > 0)
            return [.. piped, new TypeDescription("Any object", $"Properties of these names, or of their aliases, are taken from what is piped: {string.Join(", ", named)}.")];
        return piped.Length > 0 ? piped : [new TypeDescription("None", "Nothing can be piped to this cmdlet.")];
    }

    private static IEnumerable<TypeDescription> Outputs(CmdletDescription cmdlet) =>
        cmdlet.Outputs.Count > 0 ? cmdlet.Outputs : [new TypeDescription("None", "This cmdlet writes nothing.")];

    private static XElement OfType(string element, TypeDescription type) => new(
        Command + element,
        new XElement(Dev + "type", new XElement(Maml + "name", type.Name), new XElement(Maml + "uri")),
        Description([type.Summary]));

    private static XElement Example(HelpExample example, int index)
    {
        const string Rule = "--------------------------";
        return new XElement(
            Command + "example",
            new XElement(Maml + "title", $"{Rule} Example {index + 1}: {example.Title} {Rule}"),
            new XElement(Dev + "code", example.Code),
            // The empty paragraph keeps the next title off.
            new XElement(Dev + "remarks", Paragraphs([.. example.Remarks, ""])));
    }

    private static XElement Description(IEnumerable<string> paragraphs) => new(Maml + "description", Paragraphs(paragraphs));

    private static IEnumerable<XElement> Paragraphs(IEnumerable<string> paragraphs) => paragraphs.Select(paragraph => new XElement(Maml + "para", paragraph));
}
