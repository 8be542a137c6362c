namespace Pantry.Help;

/// <summary>A cmdlet as its assembly and its comments describe it.</summary>
internal sealed record CmdletDescription(string Verb, string Noun, string Summary)
{
    public string Name => $"{Verb}-{Noun}";

    public string? DefaultSet { get; init; }

    /// <summary>By name.</summary>
    public IReadOnlyList<ParameterDescription> Parameters { get; init; } = [];

    public IReadOnlyList<TypeDescription> Outputs { get; init; } = [];

    /// <summary>Sets of parameters, the default one first; one that is null where there are none.</summary>
    public IReadOnlyList<string?> Sets
    {
        get
        {
            string[] named = [.. Parameters.SelectMany(parameter => parameter.Uses).Select(use => use.Set).OfType<string>().Distinct()];
            return named.Length == 0 ? [null] : [.. named.Append(DefaultSet).OfType<string>().Distinct().OrderBy(set => set != DefaultSet)];
        }
    }
}

/// <summary>A parameter of a cmdlet. Its order is its place among them: those of the cmdlet itself come before those of its base classes.</summary>
internal sealed record ParameterDescription(string Name, string TypeName, string Summary, int Order)
{
    public bool IsSwitch => TypeName == "SwitchParameter";

    public bool TakesWildcards { get; init; }

    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Names of the values, where its type is an enumeration.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    public IReadOnlyList<ParameterUse> Uses { get; init; } = [];

    /// <summary>How it is used in a set; null where it is no part of that.</summary>
    public ParameterUse? In(string? set) => Uses.FirstOrDefault(use => use.Set is null || use.Set == set);
}

/// <summary>How a parameter is used in a set of parameters, or in all of them where no set is named.</summary>
internal sealed record ParameterUse(string? Set, bool IsMandatory, int? Position, bool TakesPipeline, bool TakesProperties)
{
    public string Pipeline => (TakesPipeline, TakesProperties) switch
    {
        (true, true) => "True (ByPropertyName, ByValue)",
        (true, false) => "True (ByValue)",
        (false, true) => "True (ByPropertyName)",
        _ => "False",
    };
}

/// <summary>A type that goes into a cmdlet or comes out of it.</summary>
internal sealed record TypeDescription(string Name, string Summary);
