using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pantry.Protocol;

/// <summary>The order to provision, which the server understands too: it fixes each target's plan, and that is what grants the trees it names.</summary>
internal static class ProvisionOrders
{
    public const string CommandName = "Provision";

    /// <summary>Distinct plans of one order; an order is no larger.</summary>
    public const int MaxPlans = 10_000;

    public static byte[] Write(ProvisionOrder order) => JsonSerializer.SerializeToUtf8Bytes(order, ProvisionOrderJson.Default.ProvisionOrder);

    /// <summary>What an order's arguments say; null where they are no such arguments.</summary>
    public static ProvisionOrder? Read(ReadOnlySpan<byte> arguments)
    {
        try
        {
            return !WireJson.HasNullInList(arguments) && JsonSerializer.Deserialize(arguments, ProvisionOrderJson.Default.ProvisionOrder) is { Plans.Count: > 0 and <= MaxPlans } order ? order : null;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or FormatException
            or ArgumentException or OverflowException or InvalidOperationException)
        {
            return null;
        }
    }
}

/// <param name="Plans">SHA-256 of each plan document that the operator was shown and signs, in hexadecimal digits.</param>
/// <param name="DryRun">Whether tools are only asked what they would do.</param>
internal sealed record ProvisionOrder(IReadOnlyList<string> Plans, bool DryRun = false);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    MaxDepth = 4,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ProvisionOrder))]
internal sealed partial class ProvisionOrderJson : JsonSerializerContext;
