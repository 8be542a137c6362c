using System.Reflection;
using System.Runtime.Loader;

namespace Pantry.Help;

/// <summary>
/// Reads the cmdlets of an assembly from its metadata: attributes are read as data, and nothing of the assembly runs. So the engine that it was
/// compiled against, whose methods are empty, is enough.
/// </summary>
internal sealed class CmdletReader
{
    private const string Attributes = "System.Management.Automation.";

    private readonly Assembly _assembly;
    private readonly DocComments _comments;

    public CmdletReader(string assembly, string engine, DocComments comments)
    {
        _comments = comments;
        var context = new AssemblyLoadContext(nameof(CmdletReader));
        string beside = Path.GetDirectoryName(Path.GetFullPath(assembly))!;
        context.Resolving += (from, name) => name.Name == Path.GetFileNameWithoutExtension(engine)
            ? from.LoadFromAssemblyPath(Path.GetFullPath(engine))
            : Path.Combine(beside, $"{name.Name}.dll") is var file && File.Exists(file) ? from.LoadFromAssemblyPath(file) : null;
        _assembly = context.LoadFromAssemblyPath(Path.GetFullPath(assembly));
    }

    /// <summary>The cmdlets, by name.</summary>
    public IReadOnlyList<CmdletDescription> Read() =>
    [
        .. _assembly.GetExportedTypes().Where(type => !type.IsAbstract && Find(type, "CmdletAttribute").Any()).Select(Describe)
            .OrderBy(cmdlet => cmdlet.Name, StringComparer.Ordinal),
    ];

    private CmdletDescription Describe(Type type)
    {
        CustomAttributeData cmdlet = Find(type, "CmdletAttribute").Single();
        bool asks = Named(cmdlet, "SupportsShouldProcess") is true;
        List<PropertyInfo> properties = [.. Lineage(type).SelectMany(Declared).DistinctBy(property => property.Name)];
        return new CmdletDescription((string)cmdlet.ConstructorArguments[0].Value!, (string)cmdlet.ConstructorArguments[1].Value!, _comments.Of(type))
        {
            DefaultSet = Named(cmdlet, "DefaultParameterSetName") as string,
            Parameters =
            [
                .. properties.Select(Describe).Concat(asks ? Asking(properties.Count) : []).OrderBy(parameter => parameter.Name, StringComparer.OrdinalIgnoreCase),
            ],
            Outputs =
            [
                .. Find(type, "OutputTypeAttribute").SelectMany(Types).Select(output => new TypeDescription(output.FullName!, _comments.Of(output))),
            ],
        };
    }

    private ParameterDescription Describe(PropertyInfo property, int order)
    {
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        Type element = type.GetElementType() is { } of ? Nullable.GetUnderlyingType(of) ?? of : type;
        return new ParameterDescription(property.Name, TypeNames.Of(type), _comments.Of(property), order)
        {
            TakesWildcards = Find(property, "SupportsWildcardsAttribute").Any(),
            Aliases = [.. Find(property, "AliasAttribute").SelectMany(Values).OfType<string>()],
            Values = element.IsEnum ? [.. element.GetEnumNames()] : [],
            Uses = [.. Find(property, "ParameterAttribute").Select(Use)],
        };
    }

    private static ParameterUse Use(CustomAttributeData parameter) => new(
        Named(parameter, "ParameterSetName") as string,
        Named(parameter, "Mandatory") is true,
        Named(parameter, "Position") as int?,
        Named(parameter, "ValueFromPipeline") is true,
        Named(parameter, "ValueFromPipelineByPropertyName") is true);

    // The engine adds these two to a cmdlet that asks.
    private static IEnumerable<ParameterDescription> Asking(int order) =>
    [
        new("WhatIf", "SwitchParameter", "Shows what would happen, and does nothing.", order) { Aliases = ["wi"], Uses = [new(null, false, null, false, false)] },
        new("Confirm", "SwitchParameter", "Asks before anything is done; -Confirm:$false does not ask.", order + 1) { Aliases = ["cf"], Uses = [new(null, false, null, false, false)] },
    ];

    private static IEnumerable<Type> Lineage(Type type)
    {
        for (Type? next = type; next is not null && next.Assembly == type.Assembly; next = next.BaseType)
            yield return next;
    }

    private static IEnumerable<PropertyInfo> Declared(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly).Where(property => Find(property, "ParameterAttribute").Any());

    private static IEnumerable<CustomAttributeData> Find(MemberInfo member, string attribute) =>
        member.GetCustomAttributesData().Where(data => data.AttributeType.FullName == Attributes + attribute);

    private static object? Named(CustomAttributeData attribute, string name) =>
        attribute.NamedArguments.Where(argument => argument.MemberName == name).Select(argument => argument.TypedValue.Value).FirstOrDefault();

    private static IEnumerable<Type> Types(CustomAttributeData attribute) => Values(attribute).OfType<Type>();

    // What an attribute takes as a list of any length arrives as one argument.
    private static IEnumerable<object?> Values(CustomAttributeData attribute) => attribute.ConstructorArguments.SelectMany(argument =>
        argument.Value is IEnumerable<CustomAttributeTypedArgument> several ? several.Select(one => one.Value) : [argument.Value]);
}
