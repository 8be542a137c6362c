using System.Management.Automation;

namespace Pantry.PowerShell.Tests.Engine;

/// <summary>What a script brought.</summary>
internal sealed record Outcome(IReadOnlyList<PSObject?> Output, IReadOnlyList<ErrorRecord> Errors, IReadOnlyList<string> Warnings, ErrorRecord? Fatal)
{
    /// <summary>How far it was, as it was shown.</summary>
    public IReadOnlyList<ProgressRecord> Progress { get; init; } = [];

    public IReadOnlyList<string> ErrorIds => [.. Errors.Select(Id)];

    /// <summary>Id of the one error, whether it ended the script or its statement.</summary>
    public string? ErrorId => Fatal is not null ? Id(Fatal) : Errors is [var only] ? Id(only) : null;

    /// <summary>What the one error says.</summary>
    public string Message => (Fatal ?? Assert.Single(Errors)).Exception.Message;

    /// <summary>The output, after a look that there was no error.</summary>
    public IReadOnlyList<PSObject?> Clean()
    {
        Assert.True(Fatal is null && Errors.Count == 0, string.Join("; ", Errors.Append(Fatal).Where(error => error is not null).Select(error => $"{error!.FullyQualifiedErrorId}: {error}")));
        return Output;
    }

    /// <summary>A property of every object of the output, as text.</summary>
    public string[] Texts(string property) => [.. Output.Select(item => item.Text(property))];

    // What follows the comma names the cmdlet's type.
    private static string Id(ErrorRecord error) => error.FullyQualifiedErrorId.Split(',')[0];
}

internal static class Reading
{
    public static object? Value(this PSObject? item, string property)
    {
        PSPropertyInfo found = item?.Properties[property] ?? throw new InvalidOperationException($"There is no property {property}.");
        return found.Value is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : found.Value;
    }

    public static string Text(this PSObject? item, string property) => LanguagePrimitives.ConvertTo<string>(item.Value(property)) ?? "";

    public static object?[] List(this PSObject? item, string property) => (object?[])item.Value(property)!;
}
