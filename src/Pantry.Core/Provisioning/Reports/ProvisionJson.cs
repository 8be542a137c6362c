using System.Text.Json.Serialization;

namespace Pantry.Provisioning.Reports;

/// <summary>The reports that come back from a provisioning run.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    MaxDepth = 32)]
[JsonSerializable(typeof(IReadOnlyList<ProvisionReport>))]
internal sealed partial class ProvisionJson : JsonSerializerContext;
