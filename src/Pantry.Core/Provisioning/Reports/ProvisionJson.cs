using System.Text.Json.Serialization;
using Pantry.Provisioning.Provisioners;

namespace Pantry.Provisioning.Reports;

/// <summary>Arguments of a provisioning order, and the reports that come back.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowDuplicateProperties = false,
    MaxDepth = 32)]
[JsonSerializable(typeof(ProvisionArguments))]
[JsonSerializable(typeof(IReadOnlyList<ProvisionReport>))]
internal sealed partial class ProvisionJson : JsonSerializerContext;
