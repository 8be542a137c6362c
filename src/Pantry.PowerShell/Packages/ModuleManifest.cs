using System.Management.Automation.Language;
using System.Text;
using Pantry.Provisioning.Packages.Metadata;

namespace Pantry.PowerShell.Packages;

/// <summary>
/// The manifest of a PowerShell module. It is parsed as the language that it is in, and only constants are taken of it:
/// nothing is evaluated.
/// </summary>
internal sealed class ModuleManifest : IMetadataReader
{
    private const string Ending = ".psd1";

    public string? FileAmong(IReadOnlyCollection<string> files)
    {
        string[] manifests = [.. files.Where(file => file.EndsWith(Ending, StringComparison.OrdinalIgnoreCase) && !file.Contains('/', StringComparison.Ordinal))];
        return manifests is [var only] ? only : null;
    }

    public PackageFacts? Read(string file, byte[] bytes)
    {
        ScriptBlockAst script = Parser.ParseInput(Text(bytes), out _, out ParseError[] errors);
        if (errors.Length > 0)
            throw Wrong(file, errors[0].Extent, errors[0].Message);
        // Data of another kind is in such files too.
        if (RootOf(script) is not { } root || Constant(root, "ModuleVersion") is not { } version)
            return null;
        string? suffix = Table(Table(root, "PrivateData"), "PSData") is { } data ? Constant(data, "Prerelease") : null;
        return new PackageFacts(file)
        {
            Name = Path.GetFileNameWithoutExtension(file),
            Version = Semantic(version) + (string.IsNullOrEmpty(suffix) ? "" : $"-{suffix.TrimStart('-')}"),
            Kind = "powershell",
            Description = Constant(root, "Description"),
            Dependencies = Value(root, "RequiredModules") is { } required ? [.. Items(required).Select(item => Required(file, item))] : [],
        };
    }

    private static PackageDependency Required(string file, ExpressionAst item) => item switch
    {
        StringConstantExpressionAst name => new PackageDependency(name.Value, "*"),
        HashtableAst table when Constant(table, "ModuleName") is { } name => new PackageDependency(name, RangeOf(table)),
        _ => throw Wrong(file, item.Extent, "a required module must be a name, or a table with ModuleName"),
    };

    private static string RangeOf(HashtableAst table)
    {
        if (Constant(table, "RequiredVersion") is { } exact)
            return $"={Semantic(exact)}";
        string least = Constant(table, "ModuleVersion") is { } from ? $">={Semantic(from)}" : "", most = Constant(table, "MaximumVersion") is { } to ? $"<={Semantic(to)}" : "";
        return $"{least} {most}".Trim() is { Length: > 0 } range ? range : "*";
    }

    // Modules may have two to four numbers; a last one that says nothing is left out.
    private static string Semantic(string version) => version.Split('.') is [_, _, _, "0"] numbers ? string.Join('.', numbers.Take(3)) : version;

    private static HashtableAst? RootOf(ScriptBlockAst script) =>
        script is { ParamBlock: null, BeginBlock: null, ProcessBlock: null, EndBlock.Statements: [PipelineAst { PipelineElements: [CommandExpressionAst { Expression: HashtableAst table }] }] } ? table : null;

    private static ExpressionAst? Value(HashtableAst table, string key)
    {
        StatementAst? found = table.KeyValuePairs.FirstOrDefault(pair => pair.Item1 is StringConstantExpressionAst name && name.Value.Equals(key, StringComparison.OrdinalIgnoreCase))?.Item2;
        return found is PipelineAst { PipelineElements: [CommandExpressionAst only] } ? only.Expression : null;
    }

    private static string? Constant(HashtableAst table, string key) => Value(table, key) switch
    {
        StringConstantExpressionAst text => text.Value,
        // A version of two numbers without quotes is a number; it is taken as it is written.
        ConstantExpressionAst number => number.Extent.Text,
        _ => null,
    };

    private static HashtableAst? Table(HashtableAst? table, string key) => table is null ? null : Value(table, key) as HashtableAst;

    private static IEnumerable<ExpressionAst> Items(ExpressionAst value) => value switch
    {
        ArrayLiteralAst list => list.Elements,
        ArrayExpressionAst wrapped => wrapped.SubExpression.Statements.OfType<PipelineAst>().SelectMany(statement => statement.PipelineElements).OfType<CommandExpressionAst>().SelectMany(element => Items(element.Expression)),
        _ => [value],
    };

    private static string Text(byte[] bytes)
    {
        using var reader = new StreamReader(new MemoryStream(bytes), Encoding.UTF8, detectEncodingFromByteOrderMarks: true);
        return reader.ReadToEnd();
    }

    private static PantryException Wrong(string file, IScriptExtent at, string what) =>
        new(PantryErrorCode.InvalidConfiguration, $"{file}:{at.StartLineNumber}:{at.StartColumnNumber}: {what.TrimEnd('.')}.") { Target = file };
}
