using System.Text.Json;
using Pantry.Configuration;

namespace Pantry.TestHost;

/// <summary>Options that a test gives to the processes it starts.</summary>
internal static class HostOptions
{
    /// <summary>The environment variable that has them.</summary>
    public const string Variable = "PANTRY_TEST_OPTIONS";

    public static PantryOptions Load() =>
        Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } text ? JsonSerializer.Deserialize<PantryOptions>(text)! : new PantryOptions();

    public static string Write(PantryOptions options) => JsonSerializer.Serialize(options);
}
